"""Events go wrong on request, and the ledger says which; a killed sandbox tells what it missed."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.sandbox.listener import Listener
from tests.sandbox.process import SandboxProcess

TAIL = "filer.meta.tail"
ARGUMENTS = "--only=s3,sqs"
KEYS = [f"{number:02}.mp4" for number in range(1, 21)]


@pytest.fixture(scope="module")
def notifying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox") / "state", ARGUMENTS) as running:
        assert Listener(running).messages(1)[0]["Event"] == "s3:TestEvent"
        yield running


@pytest.fixture
def queue(notifying: SandboxProcess) -> Iterator[Listener]:
    usual = notifying.settings("sqs")
    yield Listener(notifying)
    notifying.settings("sqs", **usual)


def put(sandbox: SandboxProcess, *keys: str) -> None:
    s3 = sandbox.s3()
    for key in keys:
        s3.put_object(Bucket="inbox", Key=key, Body=key.encode())


def stop_reading(sandbox: SandboxProcess) -> None:
    """Halt the reader of the server's log, so that what comes now is missed."""
    assert sandbox.process is not None
    reader = next(child for child in psutil.Process(sandbox.process.pid).children() if TAIL in child.cmdline())
    reader.suspend()


def test_every_fifth_event_is_lost(queue: Listener, notifying: SandboxProcess) -> None:
    before = queue.events()
    notifying.settings("sqs", lose_every=5)
    put(notifying, *KEYS)
    assert [key for _, key in queue.told(16)] == [key for key in KEYS if int(key[:2]) % 5]
    after = queue.events()
    assert {name: after[name] - before[name] for name in ("made", "sent", "lost")} == {
        "made": 20,
        "sent": 16,
        "lost": 4,
    }
    lost = notifying.ledger("sqs")["lost"]
    assert sorted(row["key"] for row in lost) == ["05.mp4", "10.mp4", "15.mp4", "20.mp4"]


def test_every_fourth_event_comes_twice(queue: Listener, notifying: SandboxProcess) -> None:
    before = queue.events()["duplicated"]
    notifying.settings("sqs", duplicate_every=4)
    put(notifying, *KEYS)
    told = queue.records(25)
    sequencers = [record["s3"]["object"]["sequencer"] for record in told]
    assert len(set(sequencers)) == 20
    assert queue.events()["duplicated"] - before == 5


def test_late_events_come_after_younger_ones(queue: Listener, notifying: SandboxProcess) -> None:
    notifying.settings("sqs", delay_every=10, delay_seconds=4)
    put(notifying, *KEYS)
    told = [key for _, key in queue.told(20)]
    assert told == [key for key in KEYS if key not in ("10.mp4", "20.mp4")] + ["10.mp4", "20.mp4"]


def test_the_test_event_can_be_had_again(queue: Listener, notifying: SandboxProcess) -> None:
    notifying.settings("sqs", test_event=True)
    message = queue.messages(1)[0]
    assert (message["Event"], message["Bucket"]) == ("s3:TestEvent", "inbox")
    assert "Records" not in message


def test_settings_that_make_no_sense_are_refused(notifying: SandboxProcess) -> None:
    answer = requests.post(f"{notifying.url('sqs')}/sandbox/settings", json={"lose_every": -1}, timeout=10)
    assert answer.status_code == 400


def test_a_bucket_that_is_not_there_yet_is_listened_to(queue: Listener, notifying: SandboxProcess) -> None:
    notifying.settings("sqs", buckets=["later"])
    assert queue.messages(1)[0]["Bucket"] == "later"
    s3 = notifying.s3()
    s3.create_bucket(Bucket="later")
    s3.put_object(Bucket="later", Key="a.mp4", Body=b"1")
    assert queue.told(1) == [("ObjectCreated:Put", "a.mp4")]


def test_what_a_killed_sandbox_missed_is_told_when_it_is_back(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path / "state", ARGUMENTS)
    with sandbox:
        assert Listener(sandbox).messages(1)[0]["Event"] == "s3:TestEvent"
        put(sandbox, "kept.mp4", "gone.mp4", "changed.mp4")
        Listener(sandbox).told(3)
        stop_reading(sandbox)
        put(sandbox, *KEYS)
        sandbox.s3().put_object(Bucket="inbox", Key="changed.mp4", Body=b"other bytes")
        sandbox.s3().delete_object(Bucket="inbox", Key="gone.mp4")
        sandbox.kill()
        sandbox.start()
        queue = Listener(sandbox)
        put(sandbox, "last.mp4")
        told: set[tuple[str, str]] = set()
        while ("ObjectCreated:Put", "last.mp4") not in told:
            told.update(queue.told(1))
        assert told == {
            *(("ObjectCreated:Put", key) for key in (*KEYS, "changed.mp4", "last.mp4")),
            ("ObjectRemoved:Delete", "gone.mp4"),
        }


def test_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path / "state", ARGUMENTS)
    with sandbox:
        s3 = sandbox.s3()
        put(sandbox, *KEYS, "made/")
        s3.delete_object(Bucket="inbox", Key="20.mp4")
        Listener(sandbox).messages(1 + len(KEYS) + 2)
        sandbox.stop()
        sandbox.start()
        assert Listener(sandbox).up_to("after the restart") == []


def test_messages_outlive_a_kill(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path / "state", ARGUMENTS)
    with sandbox:
        queue = Listener(sandbox)
        queue.messages(1)
        put(sandbox, "a.mp4", "b.mp4")
        arrived = threading.Event()
        taken = queue.sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20, VisibilityTimeout=6)["Messages"]
        while queue.events()["sent"] < 2:
            arrived.wait(0.05)
        sandbox.kill()
        sandbox.start()
        # The one that was in flight comes back when its time is over, by its old receipt or a new one.
        assert {key for _, key in Listener(sandbox).told(2)} == {"a.mp4", "b.mp4"}
        assert len(taken) == 1


def test_without_a_server_of_its_own_there_is_a_queue_and_no_event(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "state", "--only=sqs") as sandbox:
        queue = Listener(sandbox)
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody='{"by": "hand"}')
        assert queue.messages(1) == [{"by": "hand"}]
        assert queue.events()["made"] == 0
