"""What is told of the work is what happened, by the sandbox's ledger; and a broken listener does no harm."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core import metrics
from reelworks.core.errors import BusyError, all_errors
from reelworks.core.metrics import METRICS
from tests.guarantees.bytenite_house import ByteNiteHouse
from tests.operate.statsd import StatsdServer
from tests.subprocesses import ROOT
from tests.task_process import TaskLife

MANUAL = (ROOT / "docs" / "operate.md").read_text()


def told(life: TaskLife) -> TaskLife:
    """Have metrics set up in each of the task's processes, as Airflow's task runner does before it runs a task."""
    make = life.make

    def made() -> Any:
        names = conf.getboolean("metrics", "legacy_names_on")
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=names)
        return make()

    life.make = made
    return life


def jobs(server: StatsdServer) -> dict[str, float]:
    """What is counted of jobs and tries, with the service in the name."""
    names = ("jobs.", "tries.")
    return {name: count for name, count in server.counted.items() if name.startswith(names) and ".bytenite" in name}


def answered(house: ByteNiteHouse) -> Counter[str]:
    """The answers of ByteNite's API so far, by their class; results are fetched by links."""
    found: Counter[str] = Counter()
    for row in house.ledger()["requests"]:
        for outcome, count in row["outcomes"].items() if row["endpoint"] != "download" else ():
            found[f"{outcome[0]}xx" if outcome.isdigit() else "unanswered"] += count
    return found


def calls(server: StatsdServer) -> Counter[str]:
    """The same, as it was told."""
    prefix = "api.calls.bytenite."
    return Counter({name.removeprefix(prefix): int(n) for name, n in server.counted.items() if name.startswith(prefix)})


def test_one_encode_is_told_as_it_was(house: ByteNiteHouse, server: StatsdServer) -> None:
    signed_in, asked = house.sign_ins(), answered(house)
    life = told(house.encode(house.put(), house.impatient))

    assert life.run().state == "success"

    server.until(lambda: server.counted["jobs.succeeded.bytenite"] > 0)
    (paid,) = house.paid()
    counted = server.counted
    assert jobs(server) == {"jobs.submitted.bytenite": 1, "jobs.succeeded.bytenite": 1}
    assert counted["amount.bytenite.ByteChips"] == float(paid["amount"])
    assert counted["sign_ins.bytenite.accepted"] == house.sign_ins() - signed_in > 0
    assert counted["bytes.bytenite.received"] == sum(house.published.values())
    assert calls(server) == answered(house) - asked
    assert counted["looks.bytenite"] >= 2
    assert 0 < server.times["job.wait.bytenite"][0] < 120_000
    assert 0 < server.times["transfer.duration.bytenite.received"][0] < 60_000
    # And all of it under the names without tags, which Airflow's own listeners add tags to.
    for name, count in counted.items():
        if ".bytenite" in name:
            assert counted[name.partition(".bytenite")[0]] >= count


def test_a_retry_after_a_kill_is_told_as_a_takeover_and_not_as_another_job(
    house: ByteNiteHouse, server: StatsdServer
) -> None:
    house.settings(job_seconds=3)
    life = told(house.encode(house.put(), house.impatient))
    assert house.start(life).state == "deferred"

    assert life.run().state == "success"  # the deferred try is lost without a word; Airflow starts the next

    server.until(lambda: server.counted["jobs.succeeded.bytenite"] > 0)
    assert len(house.paid()) == 1
    assert jobs(server) == {
        "jobs.submitted.bytenite": 1,
        "jobs.taken_over.bytenite": 1,
        "jobs.succeeded.bytenite": 1,
    }


def test_a_job_that_failed_is_told_with_its_error_and_not_as_cancelled(
    house: ByteNiteHouse, server: StatsdServer
) -> None:
    life = told(house.encode(house.put(), life={"retries": 1}))
    with house.failing():
        assert life.run_until_over().state == "failed"

    assert len(house.paid()) == 2
    server.until(lambda: server.counted["tries.failed.bytenite.JobFailedError"] == 2)
    assert jobs(server) == {"jobs.submitted.bytenite": 2, "tries.failed.bytenite.JobFailedError": 2}


class UntidyHook(ByteNiteHook):
    """Something of its jobs' cannot be removed."""

    def leave_nothing(self, job_id: str) -> None:
        raise BusyError("S3 has no time")


@pytest.mark.parametrize("hook", [ByteNiteHook, UntidyHook])
def test_a_job_that_is_stopped_for_a_user_is_told_as_cancelled(
    house: ByteNiteHouse, server: StatsdServer, hook: type[ByteNiteHook]
) -> None:
    class Operator(house.impatient):  # type: ignore[name-defined,misc]
        hook_class = hook

    house.settings(job_seconds=60)
    life = told(house.encode(house.put(), Operator))
    house.start(life)
    life.airflow_state = "failed"

    life.kill_trigger()

    assert len(house.called_off()) == 1
    server.until(lambda: server.counted["jobs.cancelled.bytenite"] > 0)
    assert jobs(server) == {"jobs.submitted.bytenite": 1, "jobs.cancelled.bytenite": 1}


def test_an_overdue_job_is_told_as_cancelled_too(house: ByteNiteHouse, server: StatsdServer) -> None:
    house.settings(job_seconds=60)
    life = told(house.encode(house.put(), deadline=2.0, life={"retries": 0}))

    assert life.run().state == "failed"

    server.until(lambda: server.counted["tries.failed.bytenite.OverdueError"] > 0)
    assert server.counted["jobs.cancelled.bytenite"] == len(house.called_off()) == 1


def nothing_comes_out(first: Counter[str], both: Counter[str]) -> bool:
    """The rule of docs/operate.md for jobs that do not come out, on the counts after one deadline and after two."""
    [(outs, ins)] = re.findall(
        r"^\| ([^|]*), in two deadlines [^|]* \| less than half of (`[^|]*`) in the first of the two \|", MANUAL, re.M
    )
    come_out = sum(both[f"{name}.bytenite"] for name in re.findall(r"`(.*?)`", outs))
    return bool(come_out < first[f"{ins.strip('`')}.bytenite"] / 2)


def test_jobs_that_do_not_come_out_are_told_from_all_others(house: ByteNiteHouse, server: StatsdServer) -> None:
    def counts(**expected: float) -> Counter[str]:
        told_of = {f"jobs.{name}.bytenite": count for name, count in expected.items()}
        server.until(lambda: all(server.counted[name] == count for name, count in told_of.items()))
        return server.counted

    assert told(house.encode(f"{house.put()}.not-there")).run().state == "failed"
    server.until(lambda: server.counted["tries.failed.bytenite.BadInputError"] > 0)
    assert not nothing_comes_out(server.counted, server.counted)  # for it nothing went in

    retried = told(house.encode(house.put(), life={"retries": 1}))
    with house.failing():
        assert retried.run().state == "up_for_retry"
    assert retried.run().state == "success"
    after_a_retry = counts(submitted=2, succeeded=1)
    assert not nothing_comes_out(after_a_retry, after_a_retry)

    house.settings(job_seconds=60)
    overdue = told(house.encode(house.put(), deadline=2.0, life={"retries": 0}))
    assert overdue.run().state == "failed"
    after_an_overdue_one = counts(submitted=3, succeeded=1, cancelled=1)
    assert not nothing_comes_out(after_an_overdue_one, after_an_overdue_one)

    lives = [told(house.encode(house.put(), house.impatient)) for _ in range(2)]
    for life in lives:
        assert house.start(life).state == "deferred"
    waited_for = counts(submitted=5, succeeded=1, cancelled=1)
    assert not nothing_comes_out(after_an_overdue_one, waited_for)  # they have a deadline more
    assert nothing_comes_out(waited_for, waited_for)  # which has passed

    house.settings(job_seconds=0)
    for life in lives:
        assert life.run().state == "success"
    assert not nothing_comes_out(waited_for, counts(submitted=5, succeeded=3, cancelled=1))


def test_bad_answers_and_what_was_sent_again_are_told(house: ByteNiteHouse, server: StatsdServer) -> None:
    asked = answered(house)
    house.faults(
        {"kind": "status", "endpoint": "get_user", "status": 503, "times": 1},
        {"kind": "reset_before", "endpoint": "get_results", "times": 1},
    )
    assert told(house.encode(house.put())).run().state == "success"

    server.until(lambda: server.counted["jobs.succeeded.bytenite"] > 0)
    assert house.injected() == 2
    assert calls(server)["5xx"] == calls(server)["unanswered"] == 1
    assert calls(server)["2xx"] == (answered(house) - asked)["2xx"]
    assert server.counted["api.repeats.bytenite.BusyError"] == 1
    assert server.counted["api.repeats.bytenite.UnreachableError"] == 1


def test_a_wrong_key_is_told_as_refused(
    house: ByteNiteHouse, server: StatsdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connect(monkeypatch, password="wrong")

    assert told(house.encode(house.put())).run().state == "failed"

    server.until(lambda: server.counted["tries.failed.bytenite.SignInRefusedError"] > 0)
    assert server.counted["sign_ins.bytenite.refused"] == 1
    assert server.counted["sign_ins.bytenite.accepted"] == 0


def test_names_hold_nothing_that_somebody_wrote(house: ByteNiteHouse, server: StatsdServer) -> None:
    """What is listed here is all that can stand in a name: services, classes of errors, and a few words."""
    source = house.put("a key, with: all | sorts.mp4")
    assert told(house.encode(source, house.impatient)).run().state == "success"
    assert told(house.encode(f"{source}.not-there")).run().state == "failed"

    server.until(lambda: server.counted["tries.failed.bytenite.BadInputError"] > 0)
    words = {"bytenite", "none", "ByteChips", "2xx", "3xx", "4xx", "5xx", "unanswered", "accepted", "received", "sent"}
    words |= {error.__name__ for error in all_errors()}
    for found in server.heard:
        metric = next(name for name in sorted(METRICS, key=len, reverse=True) if found["name"].startswith(name))
        values = found["name"].removeprefix(metric).strip(".").split(".") if found["name"] != metric else []
        assert set(values) <= words, found["name"]
        assert len(values) in (0, len(METRICS[metric].tags)), found["name"]
    assert [secret for secret in house.secrets if secret in "".join(server.raw)] == []


def test_names_without_tags_are_left_out_where_airflow_leaves_them_out(
    house: ByteNiteHouse, server: StatsdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")

    assert told(house.encode(house.put())).run().state == "success"

    server.until(lambda: server.counted["jobs.succeeded"] > 0)
    assert [name for name in server.counted if ".bytenite" in name] == []


class Broken:
    """A backend that fails at whatever it is told of us; writes down what."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def _tell(self, stat: str, *arguments: Any, **more: Any) -> None:
        if stat.startswith("reelworks."):
            with self.file.open("a") as file:
                file.write(f"{stat}\n")
            raise RuntimeError("the backend is broken")

    incr = timing = gauge = _tell


def test_a_broken_backend_fails_no_task_and_is_left_alone_for_a_while(
    house: ByteNiteHouse, server: StatsdServer, tmp_path: Path
) -> None:
    life, asked = house.encode(house.put()), tmp_path / "asked"
    make = life.make

    def made() -> Any:
        stats.initialize(factory=lambda: Broken(asked), export_legacy_names=True)
        return make()

    life.make = made

    assert life.run().state == "success"

    assert len(asked.read_text().splitlines()) == 1


def test_a_listener_that_is_gone_fails_no_task(
    house: ByteNiteHouse, server: StatsdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "statsd.invalid")

    assert told(house.encode(house.put())).run().state == "success"


def test_the_table_in_the_docs_is_the_codes() -> None:
    assert metrics.as_markdown() in MANUAL
