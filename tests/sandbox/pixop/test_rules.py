"""The sheet's rules 1 to 20 on process requests: each broken, and each kept."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sandbox.pixop.request import BadRequestError, read_request
from tests.sandbox.caller import make_clip
from tests.sandbox.pixop.client import Client, refusal
from tests.sandbox.pixop.rule_cases import BROKEN, KEPT, Body, codec
from tests.sandbox.pixop.sources import metadata


def name(case: tuple[Any, ...]) -> str:
    return f"rule {case[0]}: {case[1]}"


@pytest.mark.parametrize(("body", "field"), [case[2:] for case in BROKEN], ids=map(name, BROKEN))
def test_a_broken_rule_is_refused_with_the_field_s_name(body: Body, field: str) -> None:
    with pytest.raises(BadRequestError) as refusal:
        read_request(body, metadata())

    assert str(refusal.value).startswith(field)


@pytest.mark.parametrize(("body", "expected"), [case[2:] for case in KEPT], ids=map(name, KEPT))
def test_a_kept_rule_is_followed(body: Body, expected: Body) -> None:
    order = read_request(body, metadata())

    found = {"names": [step.name for step in order.steps], **vars(order)}
    assert {name: found[name] for name in expected} == expected


def test_every_rule_is_broken_and_kept() -> None:
    rules = set(range(1, 21))

    assert {case[0] for case in BROKEN} == rules
    assert {case[0] for case in KEPT} == rules


@pytest.mark.parametrize("body", [None, [], "{}", 1, True])
def test_a_request_is_an_object(body: Any) -> None:
    with pytest.raises(BadRequestError, match="the request must be a JSON object"):
        read_request(body, metadata())


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(BadRequestError, match="denoizer is not a field"):
        read_request({"denoizer": "hqdn3d"}, metadata())


def test_the_document_s_own_sample_is_refused() -> None:
    sample = {**codec("h264"), "appleProresProfile": "standard", "dnxhdHrProfile": "dnxhd_sq"}

    with pytest.raises(BadRequestError, match="only when the codec is prores"):
        read_request(sample, metadata())


@pytest.mark.parametrize("number", [10**400, -(10**400), math.inf, -math.inf], ids=["huge", "-huge", "inf", "-inf"])
def test_numbers_beyond_all_bounds_are_refused_like_others(number: float) -> None:
    with pytest.raises(BadRequestError, match=r"bitrate\.mbps must be between"):
        read_request({"bitrate": {"mbps": number}}, metadata())


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `metadata()` says, as a file."""
    return make_clip(tmp_path_factory.mktemp("rules") / "clip.mp4", size="640x360", seconds=10)


def test_every_broken_rule_is_answered_in_the_documents_form_and_costs_nothing(client: Client, long_clip: Path) -> None:
    source = client.ready(long_clip)
    before = len(client.ledger()["jobs"])

    for rule, what, body, field in BROKEN:
        sent = json.dumps(body)
        answer = client.call("POST", f"/videos/v1/process-video/{source}", data=sent)

        assert refusal(answer) == (400, "BadRequestException"), (rule, what, answer.text)
        if "NaN" not in sent:  # which is no JSON, and refused before any rule
            assert answer.json()["errorMessage"].startswith(field), (rule, what, answer.text)
    assert len(client.ledger()["jobs"]) == before


def test_every_rule_is_kept_by_a_request_that_the_service_takes(client: Client, long_clip: Path) -> None:
    client.settings(instant=True)
    source = client.ready(long_clip)

    for rule, what, body, _ in KEPT:
        answer = client.start(source, body)

        assert answer.status_code == 200, (rule, what, answer.text)
