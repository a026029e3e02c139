"""Who is told of a run that failed: by the providers' own notifiers, over real connections, once for each run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from airflow.dag_processing.dagbag import DagBag

from reelworks.core.errors import BadOutputError
from reelworks.notify import channels, note_failure, tell_failure
from reelworks.notify.channels import send
from reelworks.notify.note import no_note
from reelworks.notify.report import Report
from tests.loopback import Heard, Server, answers, resets, serving
from tests.operate.dag_processor import told_by_the_dag_processor
from tests.operate.mailbox import Mailbox, mailbox
from tests.operate.otlp import Collector, collector
from tests.process.conftest import SMALL
from tests.process.dag_runs import DagRuns
from tests.process.house import ProcessHouse
from tests.sandbox.process import SandboxProcess
from tests.subprocesses import ROOT

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

STRICT = SMALL.replace("vmaf_floor: 40", "vmaf_floor: 100")
SECRET = "T000/B000/a-token-that-nobody-may-see"
SLACK = f"/services/{SECRET}"
CHANNELS = ("slack:slack_ops", "email:mail:ops@example.org", "webhook:hook:/reelworks", "slack:slack_api:#ops")
HIDDEN = (("s3", "secret_key"), ("bytenite", "api_key"))
HOSTILE = "<!channel> {{ var.value.secret }} & co.mp4"


@dataclass
class Audience:
    """Slack, a webhook's server, a mail server and a collector of metrics."""

    slack: Server
    webhook: Server
    mail: Mailbox
    collector: Collector

    @property
    def environment(self) -> dict[str, str]:
        smtp = {"from_email": "airflow@example.org", "disable_ssl": True, "disable_tls": True, "retry_limit": 0}
        connections = {
            "SLACK_OPS": {"conn_type": "slackwebhook", "host": f"{self.slack.url}/services", "password": SECRET},
            "SLACK_API": {"conn_type": "slack", "password": SECRET, "extra": {"base_url": f"{self.slack.url}/api/"}},
            "MAIL": {"conn_type": "smtp", "host": "127.0.0.1", "port": self.mail.port, "extra": smtp},
            "HOOK": {"conn_type": "http", "host": self.webhook.url, "password": None},
        }
        return {
            **{f"AIRFLOW_CONN_{name}": json.dumps(connection) for name, connection in connections.items()},
            **self.collector.environment,
        }

    @property
    def told(self) -> tuple[list[Heard], list[Heard], list[EmailMessage]]:
        """All that Slack, the webhook and the mail server have heard so far."""
        return [*self.slack.heard], [*self.webhook.heard], [*self.mail.letters]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [heard.json for heard in self.webhook.heard]

    def slack_texts(self, path: str) -> list[str]:
        return [heard.json["text"] for heard in self.slack.heard if heard.path == path]


@pytest.fixture(scope="module")
def audience() -> Iterator[Audience]:
    with serving() as slack, serving() as webhook, mailbox() as mail, collector() as metrics:
        slack.act = _slack
        yield Audience(slack, webhook, mail, metrics)


def _slack(handler: Any) -> None:
    heard: Heard = handler.heard
    (answers({"ok": True}) if heard.path.startswith("/api/") else answers(b"ok", kind="text/plain"))(handler)


@dataclass
class TellingHouse(ProcessHouse):
    audience: Audience | None = None

    @property
    def environment(self) -> dict[str, str]:
        assert self.audience
        return {**super().environment, **self.audience.environment}

    def run_each(self, confs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        confs = [{"destination": self.destination, **conf} for conf in confs]
        with DagRuns(self.environment) as runs:
            return runs.run(confs, self.environment)


@dataclass
class Story:
    """What Airflow has run, and what its DAG processor wrote when it told of it."""

    house: TellingHouse
    runs: dict[str, dict[str, Any]]
    log: str

    def payload(self, name: str) -> dict[str, Any]:
        assert self.house.audience
        (payload,) = (each for each in self.house.audience.payloads if each["run_id"] == self.runs[name]["run_id"])
        return payload


@pytest.fixture(scope="module")
def story(audience: Audience, sandbox: SandboxProcess, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A good video, one whose output is refused, one that is none, and another whose task left no word."""
    sandbox.settings(job_seconds=0)
    house = TellingHouse(sandbox, home, "told", tmp_path_factory.mktemp("recipes"), audience=audience)
    house.recipe(SMALL)
    house.recipe(STRICT, "strict")
    video, text = house.put(), b"no video at all"
    sources = {"good": video, "strict": video, "hostile": house.put(HOSTILE, text), "dead": house.put("dead.mp4", text)}
    confs = [{"source": each, "recipe": "strict" if name == "strict" else "small"} for name, each in sources.items()]
    runs = dict(zip(sources, house.run_each(confs), strict=True))
    failed = [run["run_id"] for run in runs.values() if run["state"] != "success"]
    done = told_by_the_dag_processor(
        house, *failed, wordless=runs["dead"]["run_id"], REELWORKS_NOTIFY=" ".join(CHANNELS)
    )
    assert done["exit"] == 0, done["log"]
    return Story(house, runs, done["log"])


def test_nobody_is_told_while_the_setting_is_empty(
    story: Story, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REELWORKS_NOTIFY", raising=False)
    failed = [run["run_id"] for run in story.runs.values() if run["state"] == "failed"]
    before = audience.told

    done = told_by_the_dag_processor(story.house, *failed)

    assert (done["exit"], done["log"].count("Executing on_failure dag callback")) == (0, len(failed)), done["log"]
    assert audience.told == before
    # With the setting, the same runs were heard of by all of them.
    assert all(len(heard) >= len(failed) > 0 for heard in before)


def test_one_message_by_each_means_tells_of_each_failed_run(story: Story, audience: Audience) -> None:
    assert {name: run["state"] for name, run in story.runs.items() if run["state"] == "success"} == {"good": "success"}
    failed = [run["run_id"] for run in story.runs.values() if run["state"] == "failed"]

    assert [payload["run_id"] for payload in audience.payloads] == failed
    assert [letter["To"] for letter in audience.mail.letters] == 3 * ["ops@example.org"]
    for path in (SLACK, "/api/chat.postMessage"):
        texts = audience.slack_texts(path)
        assert [next(run for run in failed if run in text) for text in texts] == failed


def test_a_quarantined_video_tells_its_reason_and_its_record(story: Story) -> None:
    payload = story.payload("hostile")
    record = story.house.read(f"_quarantine/told/{HOSTILE}.json")

    assert payload["event"] == "quarantined"
    (failure,) = payload["failures"]
    assert failure["task"] == "probe"
    assert failure["error"] == "QuarantinedError"
    assert failure["message"] == record["reason"]
    assert failure["record"] == f"s3://outbox/told/_quarantine/told/{HOSTILE}.json"
    assert failure["money"].startswith("no")


def test_a_failure_tells_its_task_its_error_where_its_log_is_and_whether_money_is_at_risk(story: Story) -> None:
    payload, run_id = story.payload("strict"), story.runs["strict"]["run_id"]

    assert (payload["event"], payload["dag_id"]) == ("failed", "process_video")
    (failure,) = payload["failures"]
    assert failure["task"] == "verify_and_publish"
    assert failure["error"] == "BadOutputError"
    assert "nothing was published" in failure["message"]
    assert "\n" not in failure["message"]
    assert failure["money"] == BadOutputError.money
    assert failure["remedy"] == BadOutputError.remedy
    page = f"http://localhost:8080/dags/process_video/runs/{quote(run_id)}"
    assert payload["run_url"] == page
    assert failure["log_url"] == f"{page}/tasks/verify_and_publish?try_number=1"


def test_a_task_that_died_without_a_word_is_told_of_all_the_same(story: Story) -> None:
    payload = story.payload("dead")

    assert payload["event"] == "failed"
    (failure,) = payload["failures"]
    assert failure["task"] == "probe"
    assert "left no word" in failure["message"]
    assert failure["money"].startswith("perhaps")


def test_what_others_called_their_files_is_neither_rendered_nor_markup(story: Story, audience: Audience) -> None:
    for text in audience.slack_texts("/api/chat.postMessage"):
        assert "<" not in text
    assert any("&lt;!channel&gt; {{ var.value.secret }} &amp; co.mp4" in text for text in audience.slack_texts(SLACK))
    letters = [str(letter.get_payload(0).get_content()) for letter in audience.mail.letters]  # type: ignore[union-attr]
    assert any("&lt;!channel&gt; {{ var.value.secret }} &amp; co.mp4" in letter for letter in letters)


def test_no_secret_is_told_or_logged(story: Story, audience: Audience) -> None:
    told = json.dumps(audience.payloads) + "".join(audience.slack_texts(SLACK)) + story.log
    secrets = [SECRET, *(story.house.sandbox.info[name][key] for name, key in HIDDEN), "X-Amz-Signature"]

    assert [secret for secret in secrets if secret in told] == []


def test_opentelemetry_hears_of_the_runs_as_they_were(story: Story, audience: Audience) -> None:
    counted, house = audience.collector.counted, story.house

    assert counted("jobs.submitted", service="bytenite") == counted("jobs.succeeded", service="bytenite") == 2
    assert house.paid() == 2
    new = [job for job in house.sandbox.ledger()["jobs"] if job["id"] not in house.before["bytenite"]]
    assert counted("amount", service="bytenite", currency="ByteChips") == sum(float(job["amount"]) for job in new)
    assert counted("videos.published") == 1
    assert counted("videos.quarantined") == 2
    assert counted("outputs.refused") == 1
    waits = [value for (name, _), value in audience.collector.points.items() if name == "airflow.reelworks.job.wait"]
    assert len(waits) == 1
    assert waits[0] > 0


def report(name: str = "a_dag") -> Report:
    return Report(name, "a_run", "http://localhost:8080/dags/a_dag/runs/a_run", {"a_task": no_note("")}, 0)


@pytest.fixture
def connected(audience: Audience, monkeypatch: pytest.MonkeyPatch) -> Audience:
    for name, value in audience.environment.items():
        if name.startswith("AIRFLOW_CONN_"):
            monkeypatch.setenv(name, value)
    audience.webhook.heard.clear()
    return audience


@pytest.mark.parametrize(
    "channel", ["slack:not_there", "pigeon:coop", "email:mail", "webhook:", "slack:hook", "nonsense"]
)
def test_a_channel_that_is_wrong_holds_up_no_other(channel: str, connected: Audience) -> None:
    send([channel, "webhook:hook"], report())

    assert [payload["dag_id"] for payload in connected.payloads] == ["a_dag"]


def test_a_service_that_hangs_holds_up_no_other_for_long(connected: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "LIMIT", 0.5)
    with mailbox(silent=True) as silent:
        monkeypatch.setenv(
            "AIRFLOW_CONN_SILENT", json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": silent.port})
        )

        send(["email:silent:ops@example.org", "webhook:hook"], report())

    assert len(connected.payloads) == 1


def test_a_service_that_refuses_puts_no_secret_into_the_log(
    connected: Audience, caplog: pytest.LogCaptureFixture
) -> None:
    gone = answers(b"no_service", status=404, kind="text/plain")
    connected.slack.acts = [gone, gone, resets, resets]

    send(["slack:slack_ops", "slack:slack_ops", "webhook:hook"], report())

    assert len(connected.payloads) == 1
    said = [record.getMessage() for record in caplog.records if record.name == channels.__name__]
    assert [line for line in said if line.startswith("slack")] == [
        "slack:slack_ops: not sent (AirflowException)",
        "slack:slack_ops: not sent (ConnectionResetError)",
    ]
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "pasted",
    [
        f"https://hooks.slack.com{SLACK}",
        f"slack:https://hooks.slack.com{SLACK}",
        f"webhook:https://example.org/{SECRET}",
        f"webhook:missing:/{SECRET}",
        f"slack:{SECRET}",
    ],
)
def test_an_address_in_place_of_a_connection_is_not_logged(
    connected: Audience, caplog: pytest.LogCaptureFixture, pasted: str
) -> None:
    send([pasted, "webhook:hook"], report())

    assert len(connected.payloads) == 1
    said = [record.getMessage() for record in caplog.records if record.name == channels.__name__]
    assert len(said) == 2
    assert SECRET not in caplog.text


def test_what_was_not_taken_is_sent_once_more(connected: Audience) -> None:
    connected.webhook.acts = [answers(status=503)]

    send(["webhook:hook"], report())

    assert len(connected.payloads) == 2


@pytest.mark.parametrize("file", sorted((ROOT / "dags").glob("*.py")), ids=lambda file: file.stem)
def test_all_that_ships_tells_of_its_failures(file: Path) -> None:
    (dag,) = DagBag(str(file)).dags.values()

    assert dag.on_failure_callback == tell_failure
    assert [note_failure] * len(dag.tasks) == [callback for task in dag.tasks for callback in task.on_failure_callback]
