"""Nothing is spent on what cannot be worked on, and nothing that can be is refused."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, BusyError
from reelworks.media.url import S3Url
from reelworks.process import admission
from reelworks.process.admission import SupersededError, admit
from reelworks.recipes import load_recipe
from tests.process.odd_files import BAD, ODD, covered, odd, turned
from tests.sandbox.process import ROOT, SandboxProcess


@pytest.fixture(scope="module")
def s3(sandbox: SandboxProcess) -> Any:
    return sandbox.s3()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PAUSE", 0.0)


def put(s3: Any, name: str, body: bytes) -> S3Url:
    url = S3Url("inbox", f"admission/{name}")
    s3.put_object(Bucket=url.bucket, Key=url.key, Body=body)
    return url


@pytest.mark.parametrize("name", ODD)
def test_an_odd_video_is_taken(name: str, s3: Any, tmp_path: Path) -> None:
    url = put(s3, name, odd(tmp_path, name).read_bytes())

    assert admit(s3, url, load_recipe("web"), None).probe.video


@pytest.mark.parametrize("make", [turned, covered])
def test_a_turned_or_covered_video_is_taken(make: Any, s3: Any, tmp_path: Path) -> None:
    url = put(s3, f"{make.__name__}.mp4", make(tmp_path).read_bytes())

    assert admit(s3, url, load_recipe("web"), None).probe.video


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_worked_on_is_refused_with_a_reason(what: str, s3: Any, tmp_path: Path) -> None:
    url = put(s3, f"{what}.mp4", BAD[what](tmp_path))

    with pytest.raises(BadInputError) as raised:
        admit(s3, url, load_recipe("web"), None)

    assert str(url) in str(raised.value)
    assert "X-Amz" not in str(raised.value)


def test_a_source_that_is_not_there_is_refused(s3: Any) -> None:
    with pytest.raises(BadInputError, match="no such object"):
        admit(s3, S3Url("inbox", "not there.mp4"), load_recipe("web"), None)


def test_another_version_than_the_noticed_one_is_superseded(s3: Any, tmp_path: Path) -> None:
    url = put(s3, "again.mp4", odd(tmp_path, "silent.mp4").read_bytes())
    etag = s3.head_object(Bucket=url.bucket, Key=url.key)["ETag"].strip('"')
    assert admit(s3, url, load_recipe("web"), etag).etag == etag

    put(s3, "again.mp4", odd(tmp_path, "mono.mp4").read_bytes())

    with pytest.raises(SupersededError, match="superseded"):
        admit(s3, url, load_recipe("web"), etag)


def test_a_source_that_is_written_again_and_again_is_left_until_it_stands_still(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PAUSE", 0.5)
    url, over = put(s3, "growing.mp4", b"a"), Event()

    def append() -> None:
        size = 1
        while not over.wait(0.05):
            put(s3, "growing.mp4", b"a" * (size := size + 1))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(append)
        try:
            with pytest.raises(BusyError, match="still being written"):
                admit(s3, url, load_recipe("web"), None)
        finally:
            over.set()
        writing.result(30)
    put(s3, "growing.mp4", odd(tmp_path, "silent.mp4").read_bytes())

    assert admit(s3, url, load_recipe("web"), None).probe.video


def test_a_source_that_the_recipe_cannot_take_is_refused(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(s3, "tall.mp4", odd(tmp_path, "tall.mp4").read_bytes())
    for folder in ("presets/pixop", "presets/bytenite", "recipes"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "include/presets/bytenite/h264_360p.yaml", tmp_path / "presets/bytenite")
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path / "presets"))
    monkeypatch.setenv("REELWORKS_RECIPES", str(tmp_path / "recipes"))
    thin = "description: Thin.\nrequest:\n  scaler: scale\n  resolution: {height: 64, aspectRatioTag: display}\n"
    (tmp_path / "presets/pixop/thin.yaml").write_text(thin)
    encodes = "encodes: [{name: one, service: bytenite, preset: h264_360p}]"
    (tmp_path / "recipes/thin.yaml").write_text(f"description: Thin.\nenhance: {{preset: thin}}\n{encodes}\n")

    with pytest.raises(BadInputError, match="thin does not fit the source: resolution"):
        admit(s3, url, load_recipe("thin"), None)
