"""What was recorded from a real server, asked of the sandbox: the same status, headers, and shape of body."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.openencoder.client import Client
from tests.sandbox.openencoder.conftest import QUICK, stock
from tests.sandbox.openencoder.replay import RECORDED, Stage
from tests.sandbox.process import SandboxProcess

NUMBERED = {number: exchange for number, exchange in enumerate(RECORDED) if "method" in exchange}
# Not requests but notes of what was seen over time: they do not apply here, and each has a test of its own.
FOLLOW = "test_phases_follow_each_other"
MISSING = "test_a_missing_source_stays_downloading"
KEYS = "test_keys_are_the_paths_of_the_urls"
POISON = "test_an_unknown_preset_name_is_poison_to_every_worker_until_the_job_is_cancelled"
NO_REDIS = "test_without_redis_a_job_stays_queued_until_it_is_restarted"
RESTART = "test_a_finished_job_can_be_cancelled_and_a_cancelled_one_restarted"
MANY = "test_no_job_is_lost_among_many_sent_at_once"
NOTES = {
    "claims of that token": "test_the_claims_of_a_token",
    "states of that job": FOLLOW,
    "job 2 (created while storage was unconfigured), now": MISSING,
    "states of the restarted job": RESTART,
    "job on a file that is no video: states": "test_a_file_that_is_no_video_becomes_an_error_without_a_reason",
    "job on a source that is not there: states over 25 s": MISSING,
    "a long job reached encoding; a second one is behind it": "test_one_worker_does_one_job_at_a_time_in_order",
    "its states for 15 s after it": "test_an_encode_is_killed_at_the_next_tick",
    "the queued one that was cancelled, after the worker had its turn": "test_a_queued_job_is_never_begun",
    "short job cancelled the moment it left queued: states": (
        "test_a_cancel_while_downloading_is_overwritten_by_the_next_phase"
    ),
    "twelve jobs sent at once": MANY,
    "fifteen jobs, each sent the moment the one before was done: last state of each": MANY,
    "its states over 45 s": POISON,
    "job 5 (source not there), now": MISSING,
    "a normal job behind it": MISSING,
    "dest without a trailing slash": KEYS,
    "source and dest naming a bucket (it is ignored)": KEYS,
    "plain keys, no s3://": KEYS,
    "outbound bucket does not exist: states (upload errors are dropped)": "test_a_failed_upload_still_says_completed",
    "S3_STREAMING enabled (presigned URL)": "test_streaming_from_a_presigned_url_ends_in_error",
    "redis back: states of that job for 12 s": NO_REDIS,
    "its states": NO_REDIS,
}
# Bodies without ids, times and tokens: these are the same to the letter, as all refusals are.
SAME_TO_THE_LETTER = {46, 47, 48, 49, 52, 53, 55, 56, 84, 85, 88, 90, 93, 99, 101, 115, 118, 119, 125, 127, 136, 139}
REQUIRED_HEADERS = ("content-type", "www-authenticate", "location")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, requests.Response | None]]:
    state = tmp_path_factory.mktemp("recordings") / "state"
    with SandboxProcess(state, "--only=s3,openencoder") as sandbox:
        stock(sandbox, tmp_path_factory.mktemp("recordings-clips"))
        client = Client(sandbox)
        client.settings(**QUICK | {"retry_seconds": 3600, "tick_seconds": 5})
        s3 = sandbox.s3()
        copied = {"Bucket": "openencoder-in", "Key": "src/clip.mp4"}
        s3.copy_object(Bucket="openencoder-in", Key="src/testsrc-2s.mp4", CopySource=copied)
        client.encode(preset="h264_baseline_360p_600")  # The database is shipped with a job.
        stage = Stage(client)
        yield {number: stage.play(exchange) for number, exchange in NUMBERED.items()}


def shape(content: Any) -> Any:
    """Return keys and kinds of values; of a list, the kinds it has in it."""
    if isinstance(content, dict):
        return {key: shape(value) for key, value in content.items()}
    if isinstance(content, list):
        kinds = {json.dumps(shape(item), sort_keys=True) for item in content}
        return ["list", *sorted(kinds)]
    if isinstance(content, int | float) and not isinstance(content, bool):
        return "number"
    return type(content).__name__


def bodies(number: int, answer: requests.Response) -> tuple[Any, Any]:
    """Return the recorded and the given body."""
    recorded = NUMBERED[number]["body"]
    if "json" not in answer.headers.get("content-type", ""):
        return recorded, answer.text
    return json.loads(recorded), answer.json()


@pytest.mark.parametrize("number", NUMBERED, ids=[f"{n}-{each['label']}" for n, each in NUMBERED.items()])
def test_the_sandbox_answers_as_the_server_did(answers: dict[int, requests.Response | None], number: int) -> None:
    recorded, answer = NUMBERED[number], answers[number]
    if recorded["status"] is None:
        assert answer is None
        return
    assert answer is not None
    assert answer.status_code == recorded["status"], answer.text
    headers = {name.lower(): value for name, value in recorded["headers"].items()}
    assert {name: answer.headers.get(name) for name in REQUIRED_HEADERS} == {
        name: headers.get(name) for name in REQUIRED_HEADERS
    }
    was, now = bodies(number, answer)
    if recorded["status"] >= 300 or number in SAME_TO_THE_LETTER:
        assert now == was
    elif isinstance(was, dict | list):
        assert shape(now) == shape(was)
        assert list(now) == list(was) if isinstance(was, dict) else True
    else:
        assert now == was


def test_every_recording_is_either_replayed_or_has_a_test_of_its_own() -> None:
    notes = {exchange["label"] for exchange in RECORDED if "method" not in exchange}
    assert notes == set(NOTES)
    assert len(NUMBERED) > 100
    written = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [test for test in NOTES.values() if f"def {test}(" not in written] == []
