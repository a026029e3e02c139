"""What a task remembers of its job between tries."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from reelworks.core.claim import KEY, Claim, load_claim, new_claim


class Store(dict):
    """Airflow's task state store as far as it matters: what goes in has to be JSON."""

    def set(self, key, value):
        self[key] = json.loads(json.dumps(value))


TASK = SimpleNamespace(dag_id="process_video", task_id="encode", max_tries=3)


def claim(before=None, task=TASK, notes=None, **rest):
    return new_claim(task, 5000.0, before, notes or {}, **rest)


def test_nothing_is_remembered_at_first() -> None:
    assert load_claim(Store()) is None


def test_a_claim_is_remembered_as_it_was() -> None:
    store = Store()
    saved = (
        claim(notes={"source": {"size": 17}})
        .with_job("j-1")
        .finished([{"name": "720p.mp4"}], {"amount": "12"})
        .save(store)
    )

    assert load_claim(store) == saved
    assert list(store) == [KEY]


def test_the_latest_word_counts() -> None:
    store = Store()
    first = claim().save(store)

    first.with_job("j-1").save(store)

    assert load_claim(store).job_id == "j-1"
    assert first.job_id is None


@pytest.mark.parametrize(("job_id", "made"), [("j-1", True), ("j-2", False)])
def test_what_one_job_made_is_not_taken_for_the_next_ones(job_id, made) -> None:
    assert replace(claim(), job_id="j-1", made=True).with_job(job_id).made is made


def test_the_name_tells_people_where_the_job_comes_from() -> None:
    assert claim().name.startswith("process-video-encode-")


def test_no_two_claims_bear_the_same_name() -> None:
    assert len({claim().name for _ in range(100)}) == 100


def test_each_claim_is_a_generation_of_its_own() -> None:
    first = claim()
    second = claim(first)

    assert (first.generation, second.generation) == (1, 2)
    assert second.name.endswith("-2")
    assert second.job_id is None
    assert not second.done


def test_a_new_claim_starts_from_nothing_its_predecessor_was() -> None:
    before = Claim("a", 4, 1, 1.0, job_id="j", notes={"old": 1}, done=True, spent=True, result=[1])

    after = claim(before, notes={"new": 1})

    assert (after.job_id, after.notes, after.done, after.spent, after.result) == (None, {"new": 1}, False, False, None)
    assert (after.max_tries, after.deadline) == (3, 5000.0)


@pytest.mark.parametrize("label", ["Film", "Ärger & Söhne: Teil 3?.mov", "x" * 500, "…", ""])
def test_a_name_is_plain_long_enough_and_short_whatever_it_is_called(label) -> None:
    task = SimpleNamespace(dag_id="d" * 250, task_id="t.é" * 80, max_tries=None)

    name = claim(task=task, label=label).name

    assert name.replace("-", "").isalnum()
    assert name.isascii()
    assert 4 <= len(name) <= 60


def test_a_persons_own_label_leads_the_name() -> None:
    assert claim(label="My film").name.startswith("My-film-")


def test_a_claim_of_a_task_that_was_never_retried_has_no_tries() -> None:
    assert claim(task=SimpleNamespace(dag_id="d", task_id="t", max_tries=None)).max_tries == 0
