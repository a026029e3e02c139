"""Presets: the five that the server ships with, and those that are made."""

import json

from sandbox.openencoder.accounts import fits
from sandbox.openencoder.records import Row, Table
from sandbox.store import Store

GOP = "-x264opts scenecut=0:open_gop=0:min-keyint=72:keyint=72"


class Preset(Row):
    """A preset; `data` is JSON text that nobody checks before a job uses it."""

    name: str
    description: str
    data: str
    output: str
    active: bool

    def storable(self) -> bool:
        """Say whether the database takes it; the server process ends where it does not."""
        return fits(self.name) and fits(self.output) and "\0" not in self.description + self.data


class Presets:
    """The table of presets. Names are not unique: jobs get the oldest of a name."""

    def __init__(self, store: Store) -> None:
        self.table = Table(store, "openencoder.presets", Preset)
        if not len(self.table):
            for preset in shipped():
                self.add(preset)

    def add(self, preset: Preset) -> Preset:
        """Keep a new preset, under the next id."""
        preset.id = self.table.next_id()
        return self.table.save(preset)

    def find(self, name: str) -> Preset | None:
        """Return the preset that a job of that name would use."""
        return next((preset for preset in self.table if preset.name == name), None)


def shipped() -> list[Preset]:
    """Return the presets that the server is shipped with."""
    made = [
        _h264("h264_baseline_360p_600", 360, "baseline", "3.0", 600),
        _h264("h264_main_480p_1000", 480, "main", "3.1", 1000),
        _h264("h264_main_720p_3000", 720, "main", "4.0", 3000),
        _h264("h264_main_1080p_6000", 1080, "main", "4.2", 6000),
    ]
    vp9 = ["-vf scale=-2:720", "-c:v libvpx-vp9", "-level:v 4.0", "-b:v 3000k", "-pix_fmt yuv420p", "-f webm", "-y"]
    return [*made, _preset("webm_vp9_720p_3000", vp9, "webm_vp9_3000_720.webm")]


def _h264(name: str, height: int, profile: str, level: str, rate: int) -> Preset:
    raw = [
        f"-vf scale=-2:{height}",
        "-c:v libx264",
        f"-profile:v {profile}",
        f"-level:v {level}",
        GOP,
        *(f"-{option} {rate}k" for option in ("minrate", "maxrate", "bufsize", "b:v")),
        "-y",
    ]
    return _preset(name, raw, f"{name}.mp4")


def _preset(name: str, raw: list[str], output: str) -> Preset:
    data = json.dumps({"raw": raw}, separators=(",", ":"))
    return Preset(id=0, name=name, description=name, data=data, output=output, active=True)
