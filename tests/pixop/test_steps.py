"""The step operators and sensors over a sandboxed Pixop: what each returns, and that a retry does nothing twice."""

from __future__ import annotations

import pytest

from reelworks.pixop import account_steps, project_steps, sensors, video_steps
from tests.pixop.conftest import Studio
from tests.task_process import TaskLife


def waited(studio: Studio, sensor: type, video: str, **arguments: object) -> TaskLife:
    """The life of a sensor that waits in place."""
    return studio.step(
        sensor, **{"video_id": video, "deferrable": False, "poke_interval": 0.2, "timeout": 60, **arguments}
    )


def test_a_project_is_made_renamed_listed_and_deleted(studio: Studio) -> None:
    project = studio.value(project_steps.PixopCreateProjectOperator, name=studio.prefix)
    assert studio.value(project_steps.PixopUpdateProjectOperator, project_id=project, name="new") == project
    shown = studio.value(project_steps.PixopGetProjectOperator, project_id=project)
    assert (shown["id"], shown["name"]) == (project, "new")
    assert [row["name"] for row in studio.value(project_steps.PixopListProjectsOperator) if row["id"] == project] == [
        "new"
    ]

    video = studio.value(video_steps.PixopCreateVideoOperator, name="v", project_id=project)
    refused = studio.step(project_steps.PixopDeleteProjectOperator, project_id=project).run()
    assert refused.state == "failed"
    assert "answered 4" in refused.error

    assert studio.value(video_steps.PixopDeleteVideoOperator, video_id=video) == [video]
    studio.value(project_steps.PixopDeleteProjectOperator, project_id=project)
    studio.value(project_steps.PixopDeleteProjectOperator, project_id=project)  # gone is no error
    assert studio.step(project_steps.PixopGetProjectOperator, project_id=project).run().state == "failed"


def test_a_video_is_made_waited_for_processed_and_deleted(studio: Studio) -> None:
    studio.settings(null_seconds=0.5)
    video = studio.original()
    ingest = waited(studio, sensors.PixopIngestSensor, video)
    assert ingest.run().state == "success"
    assert ingest.xcoms["return_value"] == {"job_id": video, "phase": "succeeded", "state": "DONE", "amount": None}

    made = studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")
    processing = waited(studio, sensors.PixopProcessingSensor, made)
    assert processing.run().state == "success"
    assert processing.xcoms["return_value"]["job_id"] == f"/{made}"

    [row] = studio.value(video_steps.PixopListVideosOperator, parent_id=video)
    assert (row["id"], row["parent_id"]) == (made, video)
    shown = studio.value(video_steps.PixopGetVideoOperator, video_id=video)
    assert shown["ingestion"]["metadata"]["frameWidth"] == 320
    assert set(studio.value(video_steps.PixopDeleteVideoOperator, video_id=video)) == {video, made}
    assert studio.value(video_steps.PixopDeleteVideoOperator, video_id=video) == []
    assert studio.alive() == []


@pytest.mark.parametrize(
    ("operator", "endpoint", "arguments"),
    [
        (video_steps.PixopCreateVideoOperator, "create_video", {"name": "mine"}),
        (project_steps.PixopCreateProjectOperator, "create_project", {"name": "mine"}),
    ],
)
def test_a_creation_that_is_killed_anywhere_makes_one_thing(
    studio: Studio, operator: type, endpoint: str, arguments: dict[str, str]
) -> None:
    undisturbed = studio.step(operator, **arguments)
    undisturbed.run()

    for kill_at in range(1, undisturbed.points.value + 1):
        before = studio.count(endpoint)
        life = studio.step(operator, **arguments)
        life.kill_at = kill_at
        assert life.run_until_over().state == "success"
        assert studio.count(endpoint) - before == 1, f"killed at {kill_at}"
        assert life.run().state == "success"
        assert studio.count(endpoint) - before == 1, "a try after the last one"


def test_a_processing_that_is_killed_anywhere_is_paid_once(studio: Studio) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    arguments = {"video_id": video, "preset": "denoise"}
    undisturbed = studio.step(video_steps.PixopProcessVideoOperator, **arguments)
    undisturbed.run()

    for kill_at in range(1, undisturbed.points.value + 1):
        before = {job["id"] for job in studio.ledger()["jobs"]}
        life = studio.step(video_steps.PixopProcessVideoOperator, **arguments)
        life.kill_at = kill_at
        assert life.run_until_over().state == "success"
        paid = {job["id"] for job in studio.ledger()["jobs"]} - before
        assert len(paid) == 1, f"killed at {kill_at}"


@pytest.mark.parametrize("kind", ["reset_after", "status"])
def test_a_processing_whose_answer_is_lost_is_paid_once(studio: Studio, kind: str) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    before = len(studio.ledger()["jobs"])
    studio.faults({"kind": kind, "endpoint": "process_video", "times": 1, "status": 503})
    life = studio.step(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")

    assert life.run_until_over().state == "success"
    assert len(studio.ledger()["jobs"]) - before == 1


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (video_steps.PixopGetVideoOperator, {"video_id": "nobody"}),
        (video_steps.PixopProcessVideoOperator, {"video_id": "nobody", "preset": "denoise"}),
        (project_steps.PixopGetProjectOperator, {"project_id": "nobody"}),
        (project_steps.PixopUpdateProjectOperator, {"project_id": "nobody", "name": "new"}),
        (video_steps.PixopGetVideoOperator, {"video_id": "no/id"}),
        (video_steps.PixopCreateVideoOperator, {"name": " "}),
        (project_steps.PixopCreateProjectOperator, {"name": ""}),
    ],
)
def test_what_is_not_there_fails_at_once(studio: Studio, operator: type, arguments: dict[str, str]) -> None:
    assert studio.step(operator, **arguments).run().state == "failed"


def test_a_preset_that_is_not_there_costs_nothing(studio: Studio) -> None:
    life = studio.step(video_steps.PixopProcessVideoOperator, video_id="any", preset="denoize")

    outcome = life.run()
    assert outcome.state == "failed"
    assert "denoise" in outcome.error


def test_a_processing_is_stopped_and_its_original_stays(studio: Studio) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    studio.settings(job_seconds=60)
    made = studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")

    studio.value(video_steps.PixopCancelProcessingOperator, video_id=made)
    studio.value(video_steps.PixopCancelProcessingOperator, video_id=made)

    assert studio.alive() == [video]
    assert studio.ledger()["unfinished"] == []


def test_a_processing_that_is_done_is_not_deleted_by_a_stop(studio: Studio) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    made = studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")
    assert waited(studio, sensors.PixopProcessingSensor, made).run().state == "success"

    studio.value(video_steps.PixopCancelProcessingOperator, video_id=made)

    assert set(studio.alive()) == {video, made}


def test_an_original_is_not_deleted_by_a_stop(studio: Studio) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")

    refused = studio.step(video_steps.PixopCancelProcessingOperator, video_id=video).run()

    assert refused.state == "failed"
    assert "is an original" in refused.error
    assert video in studio.alive()


def test_a_processing_that_fails_fails_its_sensor(studio: Studio) -> None:
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    studio.settings(fail_next=1)
    made = studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")

    outcome = waited(studio, sensors.PixopProcessingSensor, made, retries=0).run()
    assert outcome.state != "success"
    assert "ERROR" in outcome.error


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_sensor_outlives_its_tokens(studio: Studio, deferrable: bool) -> None:
    studio.settings(token_lifetime=2, job_seconds=8)
    video = studio.original()
    assert waited(studio, sensors.PixopIngestSensor, video).run().state == "success"
    made = studio.value(video_steps.PixopProcessVideoOperator, video_id=video, preset="denoise")
    before = studio.ledger()["signIns"]

    assert waited(studio, sensors.PixopProcessingSensor, made, deferrable=deferrable).run().state == "success"
    assert studio.ledger()["signIns"] - before >= 2


def test_the_account_is_shown_without_its_secrets(studio: Studio) -> None:
    user = studio.call("GET", "/accounts/v1/account")["user"]
    life = studio.step(account_steps.PixopAccountOperator)

    assert life.run().state == "success"
    shown = life.xcoms["return_value"]
    assert (shown["email"], shown["banned"]) == (studio.access["email"], False)
    for secret in (user["apiRequestSignatureSecret"], user["authSignaturePublicKey"][30:80], studio.access["password"]):
        assert secret not in life.everything_written


def test_the_teams_are_listed_with_the_connections_own_first(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    other = studio.access["other_team_id"]
    monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", studio.connection(extra={"team_id": other}))

    teams = studio.value(account_steps.PixopListTeamsOperator)

    assert teams[0]["id"] == other
    assert studio.access["team_id"] in [team["id"] for team in teams[1:]]
