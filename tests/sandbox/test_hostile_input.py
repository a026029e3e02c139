"""Whatever comes in, the answer is a refusal in the service's own form."""

from typing import Any

import pytest

from tests.sandbox.caller import Caller, small_output

NESTED: Any = "x"
for _ in range(200):
    NESTED = [NESTED]

BODIES: list[Any] = [
    [],
    "text",
    5,
    None,
    {"name": None},
    {"name": 17, "templateId": 3},
    {"name": "x" * 5000, "templateId": "video-transcoding@v0.2"},
    {"name": "good name", "templateId": {"a": 1}},
    {"name": "good name", "templateId": "video-transcoding@v0.2", "params": [1]},
    {"name": "good name", "templateId": "video-transcoding@v0.2", "dataSource": "url"},
    {"name": "good name", "templateId": "video-transcoding@v0.2", "jobId": ["no", "id"]},
    {"dataSource": {"dataSourceDescriptor": ["url"], "params": {}}},
    {"dataSource": {"dataSourceDescriptor": "local", "params": {}}},
    {"dataSource": {"dataSourceDescriptor": "url", "params": {"url": "file:///etc/passwd"}}},
    {"dataSource": {"dataSourceDescriptor": "url", "params": {"url": {"a": 1}}}},
    {"dataSource": {"dataSourceDescriptor": "url", "params": "x"}},
    {"dataSource": {"dataSourceDescriptor": "s3", "params": {"name": "key"}}},
    {"dataDestination": {"dataSourceDescriptor": "dropbox", "params": {}}},
    {"data": []},
    {"data": {"outputs": {}}},
    {"data": {"outputs": []}},
    {"data": {"outputs": [1, 2]}},
    {"data": {"outputs": [{}] * 1000}},
    {"data": {"outputs": [{}], "output_template": 5}},
    {"data": {"outputs": [{}]}, "preset": {}},
    {"pagination": "all"},
    {"pagination": {"limit": -4}},
    {"filters": ["a"]},
    {"filters": {"ids": [1]}},
    {"deep": NESTED},
]
PATHS = ["", "/datasource/{id}", "/params/{id}", "/filter", "/run/{id}", "/uploadcompleted/{id}", "/{id}/abort"]
RAW = [
    b"{",
    b"\xff\xfe\x00",
    b'{"name": "\\ud800\\ud800aaaa", "templateId": "video-transcoding@v0.2"}',
    b'{"name": NaN}',
    b'{"data": {"outputs": [{"x": 1e999}]}}',
    b"[" * 100_000,
    b'{"name": "' + b"x" * (5 << 20) + b'"}',
]


def test_odd_bodies_are_refused_or_taken_but_break_nothing(caller: Caller) -> None:
    for body in BODIES:
        for path in PATHS:
            answer = caller.call("POST", f"/v1/customer/jobs{path.replace('{id}', caller.create())}", json=body)
            assert answer.status_code < 500, (path, body, answer.text)
            assert answer.status_code == 200 or answer.json()["message"], (path, body)


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_bodies_that_are_no_json_are_refused(caller: Caller, raw: bytes) -> None:
    for path in ("", f"/params/{caller.create()}", "/filter"):
        answer = caller.call("POST", f"/v1/customer/jobs{path}", data=raw)
        assert answer.status_code == 400
        assert answer.json()["code"] == 3


def test_unknown_paths_and_ids_are_404_in_the_gateways_form(caller: Caller) -> None:
    for path in ("/v1/nothing", "/v1/customer/jobs/no-such-id", "/v1/customer/jobs/%2e%2e%2f/results"):
        answer = caller.call("GET", path)
        assert answer.status_code == 404
        assert answer.json()["code"] == 5
    assert caller.call("PUT", "/v1/customer/jobs").status_code == 405
    assert caller.run("no-such-id").json()["ok"] is False
    assert caller.get("/" + "x" * 4000).status_code == 404


ODD_OUTPUTS: list[tuple[dict[str, Any], str]] = [
    ({"video__codec": "mpeg2"}, "video.codec"),
    ({"video__codec": {"a": 1}}, "video.codec"),
    ({"video__codec": "libx265", "video__codec_params": {"profile": "main10"}}, "main10"),
    ({"video": "x"}, "video"),
    ({"aspect": None}, "aspect"),
    ({"video__bitrate": {"rate_control_mode": "constant_quality", "crf": 99}}, "crf 99"),
    ({"video__bitrate": {"rate_control_mode": "constant_bitrate"}}, "target_bitrate"),
    ({"video__bitrate": {"rate_control_mode": "variable_bitrate", "avg_bitrate": "fast"}}, "avg_bitrate"),
    ({"video__frame_rate": {"fps": "0"}}, "fps"),
    ({"aspect__cropping__left": -3}, "cropping.left"),
    ({"aspect__cropping__left": 5000}, "cropping leaves nothing"),
    ({"aspect__resolution__custom_height": 99999}, "99999"),
    ({"aspect__resolution": {"height": "custom"}}, "custom_height is missing"),
    ({"aspect__padding__fill_color": "red,drawtext=textfile=/etc/passwd"}, "fill_color"),
    ({"aspect__padding__final_aspect_ratio": "1:0"}, "aspect ratio"),
    ({"aspect__orientation__rotation": "45"}, "quarter turns"),
    ({"audio__audio_codec": "wma"}, "audio_codec"),
    ({"audio__audio_sample_rate": "fast"}, "sample rate"),
]


@pytest.mark.parametrize(("changes", "said"), ODD_OUTPUTS)
def test_impossible_parameters_fail_the_job_and_say_which(caller: Caller, changes: dict[str, Any], said: str) -> None:
    caller.sandbox.settings(instant=True)

    job = caller.finish("http://127.0.0.1:1/a.mp4", small_output(**changes))

    assert job["state"] == "JOB_STATE_FAILED"
    assert said in job["errorMessage"]


@pytest.mark.parametrize(
    "template",
    ["{{", "{{if .x}}a", "{{.a | upper}}", "{{else}}", "{{eq 1}}", "{{(}}", "{{}}", "{{" + "(" * 9999 + "}}"],
)
def test_templates_that_cannot_be_read_break_nothing(caller: Caller, template: str) -> None:
    caller.sandbox.settings(instant=True)

    job = caller.finish("http://127.0.0.1:1/a.mp4", small_output(), template=template)

    assert job["state"] == "JOB_STATE_FAILED" or template == "{{"
    assert job.get("errorMessage") != "internal error"


def test_the_sandboxs_own_calls_refuse_what_they_do_not_know(caller: Caller) -> None:
    for path, body in (
        ("settings", {"colour": 1}),
        ("settings", {"token_lifetime": "long"}),
        ("settings", [1]),
        ("settings", {"balance": -1}),
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "status", "probability": 7}),
        ("faults", 5),
    ):
        assert caller.call("POST", f"/sandbox/{path}", json=body).status_code == 400, (path, body)
    assert caller.call("POST", "/sandbox/faults", data=b"{").status_code == 400
