"""A cancel is a word written into a table."""

import time

from tests.sandbox.openencoder.client import Client


def cancel(client: Client, job: int) -> None:
    answer = client.call("POST", f"/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()) == (200, {"status": 200})


def test_a_queued_job_is_never_begun(client: Client) -> None:
    client.settings(static_workers=0)
    job = client.create(dest="cancel/queued/")
    cancel(client, job)
    client.settings(static_workers=1)
    assert client.encode(dest="cancel/behind/")["status"] == "completed"
    assert (client.state(job), client.row(job)["runs"]) == ("cancelled", 0)


def test_an_encode_is_killed_at_the_next_tick(client: Client) -> None:
    client.settings(job_seconds=60, tick_seconds=0.5)
    job = client.create(dest="cancel/encoding/")
    client.wait(job, "encoding")
    cancel(client, job)
    assert client.get("/worker/busy") is not None
    time.sleep(1)
    assert client.get("/worker/busy") is None
    assert (client.state(job), client.row(job)["output"]) == ("cancelled", None)


def test_a_cancel_while_downloading_is_overwritten_by_the_next_phase(client: Client) -> None:
    client.settings(phase_seconds=0.3)
    job = client.create(dest="cancel/overwritten/")
    client.wait(job, "downloading")
    cancel(client, job)
    assert client.state(job) == "cancelled"
    assert client.wait(job, "probing", "encoding") in ("probing", "encoding")
    assert client.wait(job) == "completed"


def test_an_encode_shorter_than_a_tick_completes_all_the_same(client: Client) -> None:
    client.settings(job_seconds=0.5, tick_seconds=5)
    job = client.create(dest="cancel/short/")
    client.wait(job, "encoding")
    cancel(client, job)
    assert client.wait(job, "completed") == "completed"


def test_with_the_switch_off_every_cancel_is_honoured(client: Client) -> None:
    client.settings(cancel_overwritten=False, phase_seconds=0.3)
    job = client.create(dest="cancel/honoured/")
    client.wait(job, "downloading")
    cancel(client, job)
    time.sleep(0.8)
    assert client.state(job) == "cancelled"


def test_a_finished_job_can_be_cancelled_and_a_cancelled_one_restarted(client: Client) -> None:
    client.settings(instant=True)
    job = client.encode(dest="cancel/finished/")["id"]
    cancel(client, job)
    assert client.state(job) == "cancelled"
    client.settings(static_workers=0)
    assert client.call("POST", f"/jobs/{job}/restart").json() == {"status": 200}
    assert client.state(job) == "restarting"
    client.settings(static_workers=1)
    assert client.wait(job) == "completed"
    assert client.row(job)["runs"] == 2


def test_any_text_can_be_put_as_a_status(client: Client) -> None:
    client.settings(instant=True)
    job = client.encode(dest="cancel/text/")["id"]
    answer = client.call("PUT", f"/jobs/{job}", {"status": "nonsense"})
    assert (answer.status_code, answer.json()["status"]) == (200, "nonsense")
    assert client.state(job) == "nonsense"
    client.call("PUT", f"/jobs/{job}", {"status": "completed"})
