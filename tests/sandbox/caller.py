"""ByteNite's API as a stranger would call it: with requests, by hand."""

import copy
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import requests

from sandbox.media import find_tool
from tests.sandbox.process import SandboxProcess

ENDED = {"JOB_STATE_COMPLETE", "JOB_STATE_FAILED", "JOB_STATE_ABORTED"}
HTTP_SOURCE = "type.googleapis.com/bytenite.data_source.HttpDataSource"
BUCKET: dict[str, Any] = {"dataSourceDescriptor": "bucket", "params": {}}

# The document's example, as it stands there.
H264_720P: dict[str, Any] = {
    "output_params": {
        "aspect": {
            "cropping": {"bottom": 0, "left": 0, "right": 0, "top": 0},
            "orientation": {"flip": "", "rotation": ""},
            "padding": {"fill_color": "#000000", "final_aspect_ratio": ""},
            "resolution": {"aspect_ratio": "", "avoid_upscaling": False, "height": "720p"},
        },
        "audio": {
            "audio_bitrate": "320k",
            "audio_channel": "2.0",
            "audio_codec": "AAC",
            "audio_sample_rate": "48khz",
        },
        "video": {
            "bitrate": {
                "avg_bitrate": "3000k",
                "buffer_size": "8000k",
                "max_bitrate": "8000k",
                "min_bitrate": "700k",
                "rate_control_mode": "variable_bitrate",
            },
            "codec": "libx264",
            "codec_params": {"level": "", "preset": "slow", "profile": "", "tune": "film"},
            "frame_rate": {"fps": "", "up_mode": "avoid"},
        },
    },
    "output_type": "mp4",
}
VP9_480P = copy.deepcopy(H264_720P)
VP9_480P["output_params"]["aspect"]["resolution"]["height"] = "480p"
VP9_480P["output_params"]["video"] |= {
    "bitrate": {
        "avg_bitrate": "800k",
        "buffer_size": "2000k",
        "max_bitrate": "2000k",
        "min_bitrate": "400k",
        "rate_control_mode": "variable_bitrate",
    },
    "codec": "libvpx-vp9",
    "codec_params": {"cpu_used": 1},
}
DOCUMENT_PARAMS: dict[str, Any] = {
    "data": {
        "output_code_template": "",
        "output_template": "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}",
        "outputs": [H264_720P, VP9_480P],
    },
    "preset": "unpackaged",
}


def small_output(**changes: Any) -> dict[str, Any]:
    """Return a quick output; `changes` are dotted paths below output_params, dots written as __."""
    output = copy.deepcopy(H264_720P)
    params = output["output_params"]
    params["aspect"]["resolution"] |= {"height": "custom", "custom_height": 90}
    params["video"] |= {
        "bitrate": {"rate_control_mode": "constant_quality", "crf": 30},
        "codec_params": {"preset": "ultrafast"},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = params
        for parent in parents:
            place = place[parent]
        place[last] = value
    return output


def params_of(*outputs: dict[str, Any], template: str | None = None) -> dict[str, Any]:
    """Return a params body for some outputs."""
    body = copy.deepcopy(DOCUMENT_PARAMS)
    body["data"]["outputs"] = list(outputs)
    if template is not None:
        body["data"]["output_template"] = template
    return body


class Caller:
    """Signed in, until told otherwise."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.base = sandbox.url()
        self.token = self.sign_in()

    def sign_in(self) -> str:
        key = self.sandbox.info["bytenite"]["api_key"]
        answer = requests.post(f"{self.base}/v1/auth/access_token", json={"apiKey": key}, timeout=10)
        return str(answer.json()["token"])

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": self.token, **more.pop("headers", {})}
        more.setdefault("timeout", 20)
        return requests.request(method, self.base + path, headers=headers, **more)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.call("POST", f"/v1/customer/jobs{path}", json={} if body is None else body)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", f"/v1/customer/jobs{path}", params=query)

    def create(self, name: str = "Example job") -> str:
        answer = self.post("", {"name": name, "templateId": "video-transcoding@v0.2"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job"]["id"])

    def draft(
        self,
        source: str,
        *outputs: dict[str, Any],
        name: str = "Example job",
        destination: dict[str, Any] | None = None,
        template: str | None = None,
    ) -> str:
        job_id = self.create(name)
        url_source = {"dataSourceDescriptor": "url", "params": {"@type": HTTP_SOURCE, "url": source}}
        places = {"dataSource": url_source, "dataDestination": destination or BUCKET}
        assert self.post(f"/datasource/{job_id}", places).status_code == 200
        body = params_of(*(outputs or (small_output(),)), template=template)
        assert self.post(f"/params/{job_id}", body).status_code == 200
        return job_id

    def run(self, job_id: str) -> requests.Response:
        return self.post(f"/run/{job_id}")

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.get(f"/{job_id}").json()["job"])

    def wait(self, job_id: str, *, seconds: float = 40) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (job := self.job(job_id))["state"] not in ENDED:
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        return job

    def finish(self, source: str, *outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Run a job to its end."""
        job_id = self.draft(source, *outputs, **more)
        assert self.run(job_id).json()["ok"] is True
        return self.wait(job_id)

    def results(self, job_id: str) -> dict[str, str]:
        found = self.get(f"/{job_id}/results").json()["results"]
        return {result["name"]: result["link"] for result in found}

    def encode(self, source: str, output: dict[str, Any], target: Path) -> dict[str, Any]:
        """Encode one output, fetch it and return its streams by kind."""
        job = self.finish(source, output)
        assert job["state"] == "JOB_STATE_COMPLETE", job
        (link,) = self.results(job["id"]).values()
        return fetch_streams(link, target)


def fetch_streams(link: str, target: Path) -> dict[str, Any]:
    """Download a result and return its streams by kind."""
    target.write_bytes(requests.get(link, timeout=20).content)
    return streams_of(target)


def streams_of(path: Path) -> dict[str, Any]:
    """Return ffprobe's streams by kind."""
    command = [find_tool("ffprobe"), "-v", "error", "-show_streams", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {stream["codec_type"]: stream for stream in found["streams"]}


def make_clip(path: Path, *, size: str = "160x120", seconds: float = 0.6, fps: int = 25, sound: bool = True) -> Path:
    """Make a small video."""
    pictures = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}"] if sound else []
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([find_tool("ffmpeg"), "-y", "-v", "error", *pictures, *tone, *encode], check=True)
    return path
