"""A run that is cleared after its preset, recipe or source has changed publishes what it is to make by now."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelworks.media.url import S3Url
from reelworks.process.jobs import PlannedJobOperator, RecipeEnhanceOperator
from tests.guarantees.bytenite_house import ImpatientEncodeOperator
from tests.guarantees.house import aws_connection
from tests.process.conftest import SMALL
from tests.process.house import ProcessHouse
from tests.process.lives import Lives, StoppableLife
from tests.process.test_replaced import replace
from tests.sandbox.process import ROOT, SandboxProcess
from tests.task_process import TaskLife

pytestmark = pytest.mark.timeout(200)

EMPTY_BOX = b"\0\0\0\x08free"
"""What may stand at the end of an MP4 file and says nothing."""

ENHANCING = SMALL.replace("encodes:", "enhance: {preset: denoise}\nencodes:")


class ImpatientPlannedOperator(PlannedJobOperator, ImpatientEncodeOperator):
    """Defers at once, so that a test's run can be cleared while its job is waited for."""


class QuickRecipeEnhanceOperator(RecipeEnhanceOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1
    patience = 0.5


class Midway(Lives):
    """A run that is cleared while its encode's job runs."""

    def __init__(self, house: ProcessHouse, folder: Path, *, enhancing: bool = False) -> None:
        super().__init__(house, folder, house.put(), encoder=ImpatientPlannedOperator)
        assert self.probed().state == "success"
        if enhancing:
            self.enhanced = enhance(self)
            assert self.enhanced.run().state == "success"
        self.encoding = self.encode
        self.begin()

    def begin(self) -> None:
        """Run the encode until it waits for its job, which does not end."""
        self.house.sandbox.settings(job_seconds=60)
        assert self.encoding.start().state == "deferred"

    def once_more(self, life: TaskLife) -> None:
        """Clear a task that is over, and nothing that follows; it does its work again."""
        clear(life)
        assert life.run().state == "success"

    def again(self, *lives: TaskLife) -> None:
        """Clear tasks that are over and the encode, which waits for its job once more at the end."""
        for life in lives:
            self.once_more(life)
        clear(self.encoding)
        self.begin()

    def enhance_anew(self) -> None:
        """Have the enhanced video made once more; Pixop's is then another one, though the sandbox's is the same."""
        assert self.enhanced
        self.once_more(self.enhanced)
        url = S3Url.parse(self.enhanced.xcoms["return_value"][0]["url"])
        video = self.house.s3.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()
        self.house.s3.put_object(Bucket=url.bucket, Key=url.key, Body=video + EMPTY_BOX)

    def encoded(self) -> None:
        """Let the job that the encode waits for come to its end."""
        self.house.sandbox.settings(job_seconds=0)
        assert self.encoding.resume(self.encoding.run_trigger().event).state == "success"

    def published(self) -> list[str]:
        """Return the ids of the jobs that the manifest names."""
        outcome = self.publish(self.encoding).run()
        assert outcome.state == "success", outcome
        place = self.plan["place"].removeprefix(f"{self.house.destination}/")
        return [job["id"] for job in self.house.read(f"{place}/manifest.json")["jobs"]]


def enhance(lives: Lives) -> StoppableLife:
    """Return the task before the encode."""
    work = lives.plan["work"]["enhance"]
    told = {name: work[name] for name in ("source", "preset", "destination")}
    life = lives.life(lambda: QuickRecipeEnhanceOperator(task_id="enhance", keep_remote="", interval=0.2, **told))
    life.upstream = {"probe": lives.probe}
    return life


def clear(life: TaskLife) -> None:
    if life.deferred:
        life.airflow_state = None
        life.kill_trigger()
    life.clear()
    life.forget_xcoms()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite,pixop") as process:
        process.settings("pixop", job_seconds=0, ingest_seconds=0)
        yield process


@pytest.fixture
def preset(at_hand: ProcessHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the encode's preset, which is ours to mend, as those beside it are."""
    shutil.copytree(ROOT / "include" / "presets", tmp_path / "presets")
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path / "presets"))
    return tmp_path / "presets" / "bytenite" / "h264_360p.yaml"


def mend(preset: Path, before: str = "crf: 24", after: str = "crf: 26") -> None:
    """Change what verification cannot tell from what was."""
    text = preset.read_text()
    assert before in text
    preset.write_text(text.replace(before, after))


def at_work(house: ProcessHouse) -> list[Any]:
    return [job for job in house.sandbox.ledger()["unfinished"] if job not in house.before["bytenite"]]


def test_a_job_of_a_preset_that_was_mended_is_ended_and_another_made(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    run = Midway(at_hand, tmp_path)
    (outdated,) = at_work(at_hand)

    mend(preset)
    run.again(run.probe)

    (made,) = at_work(at_hand)
    assert made != outdated
    run.encoded()
    assert run.published() == [made]
    assert at_hand.paid() == 2
    later = Lives(at_hand, tmp_path, run.source)
    assert later.probed().state == "success"
    assert later.plan["work"] == {}


def test_a_job_of_a_source_that_was_replaced_is_ended_and_another_made(at_hand: ProcessHouse, tmp_path: Path) -> None:
    run = Midway(at_hand, tmp_path)
    (outdated,) = at_work(at_hand)

    replace(at_hand, tmp_path)
    run.again(run.probe)

    (made,) = at_work(at_hand)
    assert made != outdated
    run.encoded()
    assert run.published() == [made]


def test_a_job_of_an_enhanced_video_that_was_made_anew_is_ended_and_another_made(
    at_hand: ProcessHouse, tmp_path: Path
) -> None:
    at_hand.recipe(ENHANCING)
    run = Midway(at_hand, tmp_path, enhancing=True)
    (outdated,) = at_work(at_hand)

    run.enhance_anew()
    run.again()

    (made,) = at_work(at_hand)
    assert made != outdated
    run.encoded()
    assert made in run.published()
    assert (at_hand.paid("pixop"), at_hand.paid()) == (2, 2)


def test_an_enhancing_by_a_preset_that_was_mended_is_ended_and_another_begun(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    at_hand.recipe(ENHANCING)
    lives = Lives(at_hand, tmp_path, at_hand.put())
    assert lives.probed().state == "success"
    at_hand.sandbox.settings("pixop", job_seconds=60)
    enhancing = enhance(lives)
    assert enhancing.start().state == "deferred"
    outdated = at_hand.sandbox.ledger("pixop")["alive"]
    assert len(outdated) == 2

    mend(preset.parents[1] / "pixop" / "denoise.yaml", "denoiser: denoise", "denoiser: hqdn3d")
    for life in (lives.probe, enhancing):
        clear(life)
    assert lives.probe.run().state == "success"
    at_hand.sandbox.settings("pixop", job_seconds=0)
    assert enhancing.run().state == "success"

    assert at_hand.paid("pixop") == 2
    assert enhancing.xcoms["job"]["id"] not in outdated
    assert at_hand.sandbox.ledger("pixop")["alive"] == []


def test_an_s3_that_refuses_the_keys_for_a_while_ends_no_job(
    at_hand: ProcessHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_hand.recipe(ENHANCING)
    run = Midway(at_hand, tmp_path, enhancing=True)
    job = at_work(at_hand)

    with monkeypatch.context() as refused:
        wrong = {**aws_connection(at_hand.sandbox), "password": "wrong"}
        refused.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(wrong))
        run.begin()

    assert at_work(at_hand) == job
    run.encoded()
    assert job[0] in run.published()
    assert at_hand.paid() == 1


def test_what_an_outdated_job_made_is_nobodys_when_the_new_plan_cannot_be_worked(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    run = Midway(at_hand, tmp_path)
    at_hand.sandbox.settings(job_seconds=0)
    assert run.encoding.run_trigger().event["phase"] == "succeeded"

    mend(preset)
    clear(run.probe)
    assert run.probe.run().state == "success"
    mend(preset, "crf: 26", "crf: 27")
    clear(run.encoding)
    outcome = run.encoding.run()

    assert outcome.state == "failed"
    assert "clear probe, too" in outcome.error
    assert run.encoding.notes == {}
    assert at_hand.paid() == 1


def test_where_nothing_has_changed_the_job_is_taken_over(at_hand: ProcessHouse, tmp_path: Path) -> None:
    at_hand.recipe(ENHANCING)
    run = Midway(at_hand, tmp_path, enhancing=True)
    job = at_work(at_hand)

    run.again(run.probe)

    assert at_work(at_hand) == job
    run.encoded()
    assert job[0] in run.published()
    assert at_hand.paid() == 1


def test_a_job_of_before_it_was_noted_what_jobs_make_is_taken_over(at_hand: ProcessHouse, tmp_path: Path) -> None:
    run = Midway(at_hand, tmp_path)
    job, saved = at_work(at_hand), run.encoding.saved
    del saved["store"]["reelworks.job"]["notes"]["made"]
    run.encoding._write(saved)

    run.again(run.probe)
    run.encoded()

    assert run.published() == job
    assert at_hand.paid() == 1


def test_what_a_job_made_by_another_plan_is_refused_and_made_anew_once_its_task_is_cleared(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    run = Midway(at_hand, tmp_path)
    mend(preset)
    run.once_more(run.probe)
    run.encoded()

    refused = run.publish(run.encoding).run()

    assert refused.state == "failed"
    assert "clear encode.bytenite_1" in refused.error
    assert at_hand.published == []
    run.again()
    run.encoded()
    assert len(run.published()) == 1
    assert at_hand.paid() == 2


def test_what_was_made_of_another_enhanced_video_is_refused(at_hand: ProcessHouse, tmp_path: Path) -> None:
    at_hand.recipe(ENHANCING)
    run = Midway(at_hand, tmp_path, enhancing=True)
    run.encoded()
    run.enhance_anew()

    refused = run.publish(run.encoding).run()

    assert refused.state == "failed"
    assert "small: made" in refused.error
    assert "clear encode.bytenite_1" in refused.error
    assert at_hand.published == []


def test_a_result_that_its_task_has_not_returned_is_not_returned_for_another_plan(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    run = Midway(at_hand, tmp_path)
    run.encoded()
    (before,) = run.published()
    saved = run.encoding.saved
    saved["store"]["reelworks.job"]["owed"] = True  # it was cleared, or died, just before it could
    run.encoding._write(saved)

    mend(preset)
    run.again(run.probe)
    run.encoded()

    (after,) = run.published()
    assert after != before


def test_a_recipe_that_changes_before_its_encode_begins_costs_nothing(
    at_hand: ProcessHouse, preset: Path, tmp_path: Path
) -> None:
    lives = Lives(at_hand, tmp_path, at_hand.put())
    assert lives.probed().state == "success"

    mend(preset)
    outcome = lives.encode.run()

    assert outcome.state == "failed"
    assert "clear probe, too" in outcome.error
    assert at_hand.paid() == 0
