"""Rented machines: what they do, and what they cost."""

import time
from collections.abc import Iterator

import pytest

from tests.sandbox.openencoder.client import Client

ONE = {"provider": "digitalocean", "size": "s-1vcpu-1gb", "count": 1}


def rent(client: Client, **more: object) -> list[int]:
    answer = client.call("POST", "/machines", ONE | more)
    assert answer.status_code == 200, answer.text
    return [machine["id"] for machine in answer.json()["machine"]]


@pytest.fixture(autouse=True)
def _none_left(client: Client) -> Iterator[None]:
    yield
    client.call("DELETE", "/machines")


def test_jobs_run_only_while_a_machine_is_up(client: Client) -> None:
    client.settings(static_workers=0, instant=True, machine_boot_seconds=0.3)
    job = client.create(dest="machines/a/")
    rent(client, region="sfo1")
    (machine,) = client.get("/machines")["machines"]
    assert (machine["status"], machine["region"], client.state(job)) == ("new", "San Francisco 2", "queued")
    assert machine["tags"] == ["openencoder", "openencoder-worker"]
    assert client.wait(job) == "completed"
    assert client.get("/machines")["machines"][0]["status"] == "active"
    client.call("DELETE", "/machines")
    job = client.create(dest="machines/b/")
    time.sleep(0.3)
    assert client.state(job) == "queued"
    client.settings(static_workers=1)
    client.wait(job)


def test_every_machine_works_at_once(client: Client) -> None:
    client.settings(static_workers=0, instant=True, job_seconds=0.8, machine_boot_seconds=0)
    rent(client, count=4)
    began = time.monotonic()
    jobs = [client.create(dest=f"machines/{number}/") for number in range(4)]
    assert {client.wait(job) for job in jobs} == {"completed"}
    assert time.monotonic() - began < 2.4


def test_the_meter_runs_from_creation_to_deletion(client: Client) -> None:
    before = client.ledger()["machines"]
    first, second = rent(client, count=2, size="s-2vcpu-4gb")
    time.sleep(0.5)
    answer = client.call("DELETE", f"/machines/{first}")
    assert answer.json() == {"machine": {"id": first, "provider": "digitalocean"}}
    middle = client.ledger()["machines"]
    assert middle["alive"] == [second]
    time.sleep(0.3)
    client.call("DELETE", "/machines")
    after = client.ledger()["machines"]
    rows = {row["id"]: row for row in after["all"]}
    assert after["alive"] == []
    assert 0.4 < rows[first]["seconds"] < rows[second]["seconds"] < 5
    assert float(rows[second]["amount"]) == pytest.approx(rows[second]["seconds"] * 0.02976 / 3600, abs=1e-7)
    assert after["seconds"] - before["seconds"] == pytest.approx(
        rows[first]["seconds"] + rows[second]["seconds"], abs=0.01
    )
    time.sleep(0.2)
    assert client.ledger()["machines"]["seconds"] == after["seconds"]


def test_pricing_adds_up_what_is_rented(client: Client) -> None:
    rent(client, count=3)
    assert client.get("/machines/pricing")["pricing"] == {"count": 3, "price_hourly": 0.02232, "price_monthly": 15}


def test_only_the_configured_region_is_listed(client: Client) -> None:
    (region,) = client.get("/machines/regions")["regions"]
    assert (region["slug"], region["available"]) == ("sfo2", True)
    assert "s-1vcpu-1gb" in region["sizes"]


@pytest.mark.parametrize("count", [0, 11, -1])
def test_only_1_to_10_machines_are_rented_at_once(client: Client, count: int) -> None:
    answer = client.call("POST", "/machines", ONE | {"count": count})
    tag = {0: "required", 11: "max", -1: "min"}[count]
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(f"failed on the '{tag}' tag")


def test_what_the_provider_refuses_is_not_configured(client: Client) -> None:
    refused = {"message": "machines not configured", "status": 401}
    assert client.call("POST", "/machines", ONE | {"size": "nope"}).json() == refused
    assert client.call("DELETE", "/machines/1").json() == refused
    answer = client.call("DELETE", "/machines/abc")
    assert (answer.status_code, answer.json()) == (401, refused)
    assert "www-authenticate" not in answer.headers


def test_switched_off_there_are_no_machines(client: Client) -> None:
    usual = {each["name"]: each["value"] for each in client.get("/settings")["settings"]}
    client.call("PUT", "/settings", usual | {"DIGITAL_OCEAN_ENABLED": "disabled"})
    for method, path in [("GET", "/machines"), ("POST", "/machines"), ("DELETE", "/machines")]:
        assert client.call(method, path, ONE).status_code == 401
    client.call("PUT", "/settings", usual)
    assert client.get("/machines") == {"machines": []}


def test_guests_see_prices_but_rent_nothing(guest: Client) -> None:
    assert guest.call("GET", "/machines/pricing").status_code == 200
    for method, path in [("GET", "/machines"), ("POST", "/machines"), ("DELETE", "/machines")]:
        answer = guest.call(method, path, ONE)
        assert (answer.status_code, answer.json()) == (401, {"message": "unauthorized"})


def test_a_machine_deleted_at_work_leaves_its_job_to_the_next_one(client: Client) -> None:
    client.settings(static_workers=0, job_seconds=1, machine_boot_seconds=0)
    (machine,) = rent(client)
    job = client.create(dest="machines/orphan/")
    client.wait(job, "encoding")
    client.call("DELETE", f"/machines/{machine}")
    time.sleep(0.5)
    assert client.state(job) == "encoding"
    client.settings(job_seconds=0)
    rent(client)
    assert client.wait(job) == "completed"
    assert client.row(job)["runs"] == 2
