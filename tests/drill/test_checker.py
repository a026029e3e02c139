"""Each violation is named by its rule, and nothing else is; each test spoils one thing of a clean case."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.checker import RULES, counts, judge
from drill.evidence import MANIFEST, OUTBOX, Evidence, document
from drill.expected import given_up
from drill.left import left_of_orphans
from drill.report import judged, named
from tests.drill.handmade import (
    BAD,
    DELETE,
    GIVEN_UP,
    GOOD,
    INBOUND,
    NOISY,
    S3,
    Made,
    at,
    bytenite,
    clean,
    openencoder,
    pixop_video,
)

MISSING, TWICE, UNDONE = "missing or wrong outputs", "duplicate paid jobs", "work not done"
ALIVE = "left at a service"
EARLY, FATES = "visible before verification", "wrongly refused or not refused"
CLEAN, WEB, PHONE = (GOOD.place + output.name for output in GOOD.outputs)


@pytest.fixture
def made() -> Made:
    return clean()


def test_nothing_is_wrong_with_a_clean_case(made: Made) -> None:
    assert made.rules() == set()
    assert counts(made.videos, made.evidence) == {
        "videos published": (1, 1),
        "outputs published and verified": (3, 3),
        "videos quarantined": (1, 1),
        "videos refused by their gate": (1, 1),
        "paid jobs": (5, 5),
        "orphans ended": (0, 0),
    }


def test_every_rule_is_broken_by_some_test_of_these() -> None:
    assert {*RULES} == {MISSING, TWICE, UNDONE, ALIVE, EARLY, FATES, "deadly calls", "human actions"}


# Outputs


def test_an_output_that_is_not_there(made: Made) -> None:
    del made.evidence.seen[WEB]

    assert MISSING in made.rules()
    assert f"{WEB} is not there" in made.said()
    assert counts(made.videos, made.evidence)["outputs published and verified"] == (3, 2)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"fault": "moov atom not found"}, "cannot be decoded: moov"),
        ({"codec": "hevc"}, "hevc"),
        ({"container": "mov"}, "mov"),
        ({"width": 320}, "320"),
        ({"height": 90}, "90"),
        ({"duration": 0.8}, "lasts 0.80 s"),
        ({"duration": 1.2}, "lasts 1.20 s"),
        ({"sounds": 0}, "no sound"),
        ({"likeness": 9.0}, "something else"),
        ({"sha256": "other"}, "another content"),
        ({"size": 1}, "another content"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_an_output_that_is_not_as_promised(made: Made, other: dict[str, object], says: str) -> None:
    made.see(PHONE, **other)

    assert MISSING in made.rules()
    assert says in made.said()


def test_a_manifest_that_is_not_there(made: Made) -> None:
    del made.evidence.documents[GOOD.place + MANIFEST]

    assert made.rules() == {MISSING}


def test_a_manifest_of_another_source(made: Made) -> None:
    made.evidence.documents[GOOD.place + MANIFEST]["source"]["url"] = "s3://inbox/every/z.mp4"

    assert made.rules() == {MISSING}


def test_a_manifest_that_names_too_little(made: Made) -> None:
    made.evidence.documents[GOOD.place + MANIFEST]["jobs"].pop()

    assert made.rules() == {MISSING}
    assert PHONE in made.said()


@pytest.mark.parametrize("told", [None, {}, [], "cut off", {"source": {"url": GOOD.source}, "jobs": [{}]}], ids=repr)
def test_what_is_no_manifest_is_named_and_all_else_judged(made: Made, told: object) -> None:
    made.evidence.documents[GOOD.place + MANIFEST] = told
    made.evidence.calls = ["somebody"]

    assert made.rules() == {MISSING, "human actions"}
    assert f"{GOOD.place}{MANIFEST} is no manifest" in made.said()


@pytest.mark.parametrize("state", ["JOB_STATE_ABORTED", None])
def test_a_manifest_that_names_a_job_which_the_service_does_not_know_as_complete(made: Made, state: str | None) -> None:
    if state:
        made.jobs("bytenite")[0]["state"] = state
    else:
        made.jobs("bytenite")[0]["id"] = "another"

    assert MISSING in made.rules()
    assert "bytenite job b-a" in made.said()


# Money


def test_two_jobs_of_the_same_work_at_bytenite(made: Made) -> None:
    made.jobs("bytenite").append(bytenite("b-2", f"{S3}/outbox/_staging/a/denoise.mp4"))

    assert made.rules() == {TWICE}
    assert "bytenite job b-a (JOB_STATE_COMPLETE), bytenite job b-2" in made.said()


def test_two_jobs_at_open_encoder_are_known_by_the_content_that_each_was_given(made: Made) -> None:
    made.happened(15.5, INBOUND, "_reelworks/again/source.mp4", "a1")
    made.jobs("openencoder").append(openencoder(3, "again"))

    assert made.rules() == {TWICE}
    assert "openencoder job 1 (completed), openencoder job 3" in made.said()


def test_two_processings_of_one_video_although_it_was_uploaded_twice(made: Made) -> None:
    made.evidence.ledgers["pixop"]["videos"].append({"id": "v2", "size": GOOD.size})
    made.jobs("pixop").append({**made.jobs("pixop")[0], "id": "p2", "sourceVideoId": "v2"})

    assert made.rules() == {TWICE}


def test_an_aborted_job_is_paid_as_well(made: Made) -> None:
    made.jobs("openencoder").append(openencoder(3, "a", state="cancelled"))

    assert made.rules() == {TWICE}


def test_what_follows_a_job_that_failed_at_the_service_is_no_duplicate(made: Made) -> None:
    made.jobs("bytenite").insert(0, bytenite("b-0", f"{S3}/outbox/_staging/a/denoise.mp4", "JOB_STATE_FAILED"))
    made.jobs("openencoder").insert(0, openencoder(0, "a", state="error"))
    made.jobs("pixop").insert(0, {**made.jobs("pixop")[0], "id": "p0", "state": "ERROR"})

    assert made.rules() == set()


@pytest.mark.parametrize("service", ["bytenite", "openencoder"])
def test_a_video_whose_gate_refuses_it_was_worked_on_by_every_service_of_its_recipe(made: Made, service: str) -> None:
    made.jobs(service).pop()

    assert made.rules() == {UNDONE}
    assert f"{NOISY.source} was not worked on by {service}" in made.said()
    assert counts(made.videos, made.evidence)["paid jobs"] == (5, 4)
    assert counts(made.videos, made.evidence)["videos refused by their gate"] == (1, 0)


@pytest.mark.parametrize("state", ["JOB_STATE_ABORTED", "JOB_STATE_FAILED"])
def test_a_job_that_did_not_come_to_its_end_is_no_work_done(made: Made, state: str) -> None:
    made.jobs("bytenite")[1]["state"] = state

    assert made.rules() == {UNDONE}


def test_a_job_of_a_published_video_that_no_ledger_has(made: Made) -> None:
    made.jobs("pixop").clear()

    assert UNDONE in made.rules()
    assert "pixop has done 0 jobs, and 1 were to be done" in made.said()


def test_what_was_paid_for_a_video_that_was_given_up_makes_up_for_no_other(made: Made) -> None:
    made.videos.append(GIVEN_UP)
    made.happened(3, "inbox", GIVEN_UP.key, GIVEN_UP.etag)
    made.jobs("bytenite")[1] = bytenite("b-d", f"{S3}/inbox/{GIVEN_UP.key}")

    assert made.rules() == {UNDONE}


def test_a_job_of_nobodys_is_too_much_though_a_video_was_given_up_unpaid(made: Made) -> None:
    made.videos.append(GIVEN_UP)
    made.jobs("bytenite").append(bytenite("b-x", f"{S3}/somewhere/else.mp4"))

    assert made.rules() == {TWICE}


def test_a_job_for_a_video_that_cannot_be_worked_on(made: Made) -> None:
    made.jobs("bytenite").append(bytenite("b-b", f"{S3}/inbox/{BAD.key}"))

    assert made.rules() == {TWICE}
    assert "cannot be worked on" in made.said()


def test_more_jobs_than_there_was_work(made: Made) -> None:
    made.jobs("bytenite").append(bytenite("b-x", f"{S3}/somewhere/else.mp4"))

    assert made.rules() == {TWICE}
    assert "bytenite was paid for 3 jobs, and 2 were to be done" in made.said()


def test_a_video_that_was_given_up_may_have_been_paid_for_or_not(made: Made) -> None:
    made.videos.append(GIVEN_UP)
    made.happened(3, "inbox", GIVEN_UP.key, GIVEN_UP.etag)
    assert made.rules() == set()

    made.jobs("bytenite").append(bytenite("b-d", f"{S3}/inbox/{GIVEN_UP.key}", "JOB_STATE_ABORTED"))
    assert made.rules() == set()


# What is left


@pytest.mark.parametrize(
    ("service", "what"),
    [
        ("bytenite", "unfinished"),
        ("bytenite", "drafts"),
        ("openencoder", "unfinished"),
        ("pixop", "alive"),
        ("pixop", "unfinished"),
    ],
)
def test_something_that_lives_on(made: Made, service: str, what: str) -> None:
    made.evidence.ledgers[service][what] = ["17"]

    assert made.rules() == {ALIVE}
    assert "17 is left" in made.said()


def test_a_machine_that_lives_on(made: Made) -> None:
    made.evidence.ledgers["openencoder"]["machines"]["alive"] = [4711]

    assert made.rules() == {ALIVE}
    assert "machine 4711" in made.said()


def test_a_copied_source_that_was_not_removed(made: Made) -> None:
    made.evidence.listing[INBOUND] = {"_reelworks/a/source.mp4": "a1", "somebody/else.mp4": "x"}

    assert made.rules() == {ALIVE}
    assert "else.mp4" not in made.said()


def test_staged_outputs_of_a_published_video_may_not_stay_whatever_becomes_of_others(made: Made) -> None:
    made.happened(29, OUTBOX, "_staging/process-1/web/h264_360p.mp4", "out1")
    made.happened(29, OUTBOX, "_staging/process-1/web/half.mp4", "h")
    assert made.rules() == set()

    made.evidence.listing[OUTBOX]["_staging/process-1/web/half.mp4"] = "h"
    assert made.rules() == {ALIVE}


def test_staged_outputs_of_its_one_run_may_stay_of_a_video_that_its_gate_refused(made: Made) -> None:
    for name in ("web/h264_360p.mp4", "phone/h264_baseline_360p_600.mp4"):
        made.evidence.listing[OUTBOX][f"_staging/process-2/{name}"] = "noise"
    assert made.rules() == set()

    made.evidence.listing[OUTBOX]["_staging/process-3/web/h264_360p.mp4"] = "x"
    assert made.rules() == {ALIVE}


def test_staged_outputs_of_a_video_that_was_given_up_may_not_stay(made: Made) -> None:
    made.videos.append(GIVEN_UP)
    for run in ("process-2", "encode-video-encode-with-openencoder-0123456789-1"):
        made.evidence.listing[OUTBOX][f"_staging/{run}/h264_360p.mp4"] = "x"

    assert made.rules() == {ALIVE}


@pytest.mark.parametrize(
    ("told", "stays"),
    [
        ({"place": f"s3://{OUTBOX}/{NOISY.place.rstrip('/')}"}, True),
        ({"place": f"s3://{OUTBOX}/{GIVEN_UP.place.rstrip('/')}"}, True),
        ({"place": f"s3://{OUTBOX}/{GOOD.place.rstrip('/')}"}, False),
        ({}, False),
        ("no note", False),
    ],
    ids=repr,
)
def test_a_place_is_kept_only_for_a_video_that_may_yet_be_published(made: Made, told: object, stays: bool) -> None:
    made.videos.append(GIVEN_UP)
    made.evidence.listing[OUTBOX]["_staging/places/0123456789abcdef.json"] = "n"
    made.evidence.documents["_staging/places/0123456789abcdef.json"] = told

    assert made.rules() == (set() if stays else {ALIVE})


@pytest.mark.parametrize("service", ["openencoder", "pixop"])
def test_an_orphan_that_reap_remote_has_not_ended(made: Made, service: str) -> None:
    made.videos.append(given_up("s3://inbox/orphans/20.mp4", service, size=1005, etag="e0"))
    made.happened(3, "inbox", "orphans/20.mp4", "e0", size=1005)
    name = "_reelworks/encode-video-encode-with-openencoder-0123456789-1"
    if service == "openencoder":
        made.happened(4, INBOUND, f"{name}/source.mp4", "e0")
        made.jobs("openencoder").append({**openencoder(3, "x"), "source": f"s3:///{name}/source.mp4"})
        made.evidence.listing[INBOUND] = {f"{name}/source.mp4": "e0"}
    else:
        video = pixop_video("v9", 1005) | {"name": "enhance-video-enhance-0123456789-1", "deleted": False}
        # The answer to the first create was lost, and left a twin of the same name.
        twin, child = {**video, "id": "v8", "size": None}, {**video, "id": "p9", "parentId": "v9"}
        made.evidence.ledgers["pixop"]["videos"] += [twin, video, child]
        made.jobs("pixop").append({**made.jobs("pixop")[0], "id": "p9", "sourceVideoId": "v9"})
        made.evidence.ledgers["pixop"]["alive"] = ["v9"]
    made.evidence.orphans = left_of_orphans(made.evidence)
    assert made.evidence.orphans[service] == 1

    assert made.rules() == {ALIVE}
    assert counts(made.videos, made.evidence)["paid jobs"] == (5, 5)
    assert counts(made.videos, made.evidence)["orphans ended"] == (1, 0)

    made.evidence.listing.pop(INBOUND, None)
    made.evidence.ledgers["pixop"]["alive"] = []
    for video in made.evidence.ledgers["pixop"]["videos"]:
        video["deleted"] = True
    assert made.rules() == set()
    assert counts(made.videos, made.evidence)["orphans ended"] == (1, 1)


# What readers saw


def test_an_output_that_is_to_be_seen_half_at_first(made: Made) -> None:
    made.happened(29, OUTBOX, WEB, "half", size=250)

    assert made.rules() == {EARLY}
    assert f"{WEB} was to be seen with another content (250 bytes)" in made.said()


def test_an_output_that_was_replaced_and_put_back_while_nobody_looked(made: Made) -> None:
    made.happened(50, OUTBOX, WEB, "other")
    made.happened(50.001, OUTBOX, WEB, "out1")

    assert made.rules() == {EARLY}


def test_an_output_of_a_video_that_did_not_pass(made: Made) -> None:
    made.happened(33, OUTBOX, f"{NOISY.place}h264_360p.mp4", "n")
    made.happened(34, OUTBOX, f"{NOISY.place}h264_360p.mp4", "", DELETE)

    assert made.rules() == {EARLY}
    assert "its video is refused" in made.said()


def test_a_manifest_that_comes_before_an_output(made: Made) -> None:
    made.happened(30.5, OUTBOX, GOOD.place + MANIFEST, "m0")

    assert made.rules() == {EARLY}
    assert "named h264_360p.mp4, h264_baseline_360p_600.mp4, not there yet" in made.said()


def test_an_output_that_goes_while_its_manifest_stands(made: Made) -> None:
    made.happened(45, OUTBOX, WEB, "", DELETE)
    made.happened(46, OUTBOX, WEB, "out1")

    assert made.rules() == {EARLY}


def test_an_output_that_is_no_good_is_also_one_that_was_seen(made: Made) -> None:
    made.see(WEB, fault="broken")

    assert made.rules() == {MISSING, EARLY}


@pytest.mark.parametrize("key", ["every/a/every/scratch.mp4", "every/a/other/h264_360p.mp4", "stray.txt"])
def test_an_object_that_nobody_expects(made: Made, key: str) -> None:
    made.happened(31, OUTBOX, key, "x")

    assert made.rules() == {EARLY}


def test_staging_and_our_records_are_no_sights(made: Made) -> None:
    made.happened(31, OUTBOX, "_staging/x/half.mp4", "x")
    made.happened(31, OUTBOX, "_reelworks/seen", "y")

    assert made.rules() == set()


def test_the_same_output_may_be_copied_again_before_the_manifest(made: Made) -> None:
    made.happened(33, OUTBOX, WEB, "out1")

    assert made.rules() == set()


# The rest


def test_a_quarantine_without_a_record(made: Made) -> None:
    made.evidence.documents.pop(f"_quarantine/{BAD.key}.json")

    assert made.rules() == {FATES}


@pytest.mark.parametrize(
    "told",
    [
        {"source": {"url": BAD.source}, "reason": ""},
        {"source": {"url": "x"}, "reason": "y"},
        {"reason": "y"},
        {"source": BAD.source, "reason": "y"},
        ["y"],
        "cut off",
        None,
    ],
    ids=repr,
)
def test_a_record_that_does_not_tell(made: Made, told: dict[str, object]) -> None:
    made.evidence.documents[f"_quarantine/{BAD.key}.json"] = told

    assert made.rules() == {FATES}


def test_a_record_of_a_video_that_can_be_worked_on(made: Made) -> None:
    for told in ({"source": {"url": GOOD.source}, "reason": "?"}, "cut off"):
        made.evidence.documents[f"_quarantine/{GOOD.key}.json"] = told

        assert made.rules() == {FATES}


def test_a_call_that_ends_a_real_server(made: Made) -> None:
    made.evidence.ledgers["openencoder"]["deadly"] = [{"call": "POST /api/jobs", "why": "unknown preset"}]

    assert made.rules() == {"deadly calls"}


def test_somebody_who_had_to_help(made: Made) -> None:
    made.evidence.calls = [f"{at(20)} clear_dag_run process_video"]

    assert made.rules() == {"human actions"}


def test_evidence_is_judged_the_same_once_it_was_written_down(made: Made, tmp_path: Path) -> None:
    made.jobs("bytenite").append(bytenite("b-2", f"{S3}/outbox/_staging/a/denoise.mp4"))
    made.evidence.save(tmp_path / "evidence.json")

    read = Evidence.load(tmp_path / "evidence.json")

    assert judge(made.videos, read) == judge(made.videos, made.evidence) != []


def test_the_report_shows_what_had_to_be_and_names_each_violation(made: Made) -> None:
    made.evidence.ledgers["bytenite"]["drafts"] = ["d1", "d2"]
    violations = judge(made.videos, made.evidence)

    said = judged(made.videos, made.evidence, violations)

    assert ["outputs", "published", "and", "verified", "3", "3"] in [line.split() for line in said.splitlines()]
    assert ["left", "at", "a", "service", "0", "2"] in [line.split() for line in said.splitlines()]
    assert named(violations).splitlines() == [f"{ALIVE}: bytenite: {each} is left (drafts)" for each in ("d1", "d2")]


@pytest.mark.parametrize("content", [b'{"source": {"url"', b"", b"\xff\xfe"])
def test_a_document_that_is_no_json_is_kept_as_its_text(content: bytes) -> None:
    assert document(content) == content.decode(errors="replace")
