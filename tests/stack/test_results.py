import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from stack.processes import StackError
from stack.results import fetch, outputs_table

CONTENT = b"not much of a video"


class Store:
    """What fetch asks of S3, from a dict."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])


def output(**changes: Any) -> dict[str, Any]:
    probe = {
        "container": "mp4",
        "duration": 5.28,
        "bitrate": 1_500_400,
        "video": [{"codec": "h264", "width": 1280, "height": 720}],
        "audio": [{"codec": "aac"}],
    }
    about = {"key": "demo/bunny/720p.mp4", "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    return about | {"probe": probe} | changes


def store(*outputs: dict[str, Any]) -> Any:
    manifest = json.dumps({"service": "bytenite", "outputs": outputs}).encode()
    return Store({"demo/bunny/manifest.json": manifest, "demo/bunny/720p.mp4": CONTENT})


def test_what_the_manifest_names_is_fetched_and_laid_out(tmp_path: Path) -> None:
    results = fetch(store(output()), "outbox", "demo/bunny/manifest.json", tmp_path)

    assert results.url == "s3://outbox/demo/bunny/manifest.json"
    assert (tmp_path / "720p.mp4").read_bytes() == CONTENT
    assert outputs_table([results]).splitlines()[2].split() == (
        [
            "bytenite",
            "demo/bunny/720p.mp4",
            "mp4",
            "h264",
            "1280x720",
            "+",
            "aac",
            "19",
            "B",
            "1,500",
            "kb/s",
            "5.28",
            "s",
        ]
    )


def test_a_probe_with_gaps_is_no_obstacle(tmp_path: Path) -> None:
    bare = {"container": "mp4", "duration": None, "bitrate": None, "video": [], "audio": []}

    results = fetch(store(output(probe=bare)), "outbox", "demo/bunny/manifest.json", tmp_path)

    assert outputs_table([results]).splitlines()[2].split()[-2:] == ["-", "-"]


@pytest.mark.parametrize("lie", [{"size": 4}, {"sha256": "0" * 64}])
def test_an_output_that_is_not_what_the_manifest_says_is_a_failure(lie: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"720p\.mp4 is .* and its manifest says"):
        fetch(store(output(**lie)), "outbox", "demo/bunny/manifest.json", tmp_path)


def test_a_manifest_without_outputs_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="names no outputs"):
        fetch(store(), "outbox", "demo/bunny/manifest.json", tmp_path)
