"""Find, read and check preset files: ``include/presets/<service>/<name>.yaml`` (or .yml, .json); recipes likewise."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import yaml
from pydantic import ValidationError

from reelworks.core.errors import BadInputError

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Rendition:
    """What a preset promises of one output; ``None`` where the preset leaves it open."""

    name: str  # our file name: unique in its preset, safe as an S3 key segment
    result_name: str | None  # what the service will call it
    container: str | None
    codec: str | None  # ffprobe's word: h264, hevc, vp9
    height: int | None  # pixels
    avoid_upscaling: bool
    has_audio: bool | None
    width: int | None = None  # pixels
    fps: float | None = None
    interlaced: bool | None = None
    profile: str | None = None  # ffprobe's word: HQ, DNXHR HQ
    duration: float | None = None  # seconds, of a part of the source; None for all of it


class PresetModel(Protocol):
    """What a service's preset class offers to this module."""

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        """Check hand-written content strictly."""

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        """Take what the service's own tools exported, as it is."""


P = TypeVar("P", bound=PresetModel)


def preset_names(service: str) -> tuple[str, ...]:
    """Give the names of a service's presets, sorted. Cheap: nothing is opened, so a DAG file may call it."""
    return PresetFolder(service).names()


def load(service: str, name: str, model: type[P]) -> P:
    """Read and check one preset. BadInputError names the file, the field and the rule."""
    return PresetFolder(service).load(name, model)


def digest_of(params: Mapping[str, Any]) -> str:
    """Give the sha256 (hex) of parameters as canonical JSON: the same however the file was laid out."""
    text = json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class PresetFolder:
    """One service's presets: ``$REELWORKS_PRESETS/<service>``, else ``include/presets/<service>``."""

    service: str

    noun: ClassVar[str] = "preset"
    root: ClassVar[str] = "presets"
    variable: ClassVar[str] = "REELWORKS_PRESETS"

    @property
    def path(self) -> Path:
        """Where the presets lie; the folder beside ``plugins/`` wins over the one in Airflow's home."""
        told = os.environ.get(self.variable)
        if told:
            return Path(told) / self.service
        beside_plugins = Path(__file__).resolve().parents[3] / "include" / self.root
        home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "include" / self.root
        root = beside_plugins if beside_plugins.is_dir() or not home.is_dir() else home
        return root / self.service

    def names(self) -> tuple[str, ...]:
        """Give the stems of the preset files, sorted."""
        return tuple(sorted({file.stem for file in self._files()}))

    def load(self, name: str, model: type[P]) -> P:
        """Read and check one preset."""
        file = self._file(name)
        content = _read(file)
        read = model.from_json if file.suffix == ".json" else model.from_yaml
        try:
            return read(name, content)
        except ValidationError as error:
            raise BadInputError("\n".join(_faults(file, content, error))) from error
        except ValueError as error:
            raise BadInputError(f"{_shown(file)}: {error}") from error

    def _file(self, name: str) -> Path:
        # Looked up among the files there are, so that a name is never a path out of the folder.
        found = [file for file in self._files() if file.stem == name]
        if len(found) > 1:
            raise BadInputError(f"{self.noun} {name!r} exists twice: {', '.join(map(_shown, found))}; remove one")
        if not found:
            raise BadInputError(self._unknown(name))
        return found[0]

    def _files(self) -> list[Path]:
        try:
            entries = sorted(os.listdir(self.path))
        except OSError as error:
            raise BadInputError(
                f"no {self.noun} folder at {self.path} ({error.strerror}); make it, "
                f"or let {self.variable} name the folder that holds it"
            ) from None
        return [self.path / e for e in entries if e.endswith(SUFFIXES) and not e.startswith(".")]

    def _unknown(self, name: str) -> str:
        names = self.names()
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        kind = f"{self.service} {self.noun}".strip()
        return f"no {kind} is called {name!r}.{hint} There are: {', '.join(names) or 'none'}"


class _Loader(yaml.SafeLoader):
    """YAML as a person means it: a key written twice is a slip, not a choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key {key.value!r} is written twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if isinstance(key.value, str):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read(file: Path) -> object:
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            return json.loads(text, object_pairs_hook=_once)
        return yaml.load(text, _Loader)  # noqa: S506, the loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise BadInputError(f"{_shown(file)}: {line}{error.problem or error}") from error
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise BadInputError(f"{_shown(file)}: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for index, (key, _) in enumerate(pairs):
        if any(key == earlier for earlier, _ in pairs[:index]):
            raise ValueError(f"the key {key!r} is written twice")
    return dict(pairs)


def _faults(file: Path, content: object, error: ValidationError) -> list[str]:
    rules = {"extra_forbidden": "unknown field"}
    lines = []
    for fault in error.errors(include_url=False):
        field = _field(fault["loc"], content, missing=fault["type"] == "missing")
        rule = rules.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        lines.append(f"{_shown(file)}: {field + ': ' if field else ''}{rule}")
    return lines


def _field(loc: tuple[int | str, ...], content: object, missing: bool) -> str:
    """Give the path as it stands in the file: without the tags of the unions that pydantic went through."""
    path = []
    here: Any = content
    for index, step in enumerate(loc):
        is_there = step in here if isinstance(here, dict) else isinstance(here, list)
        if is_there or (missing and index == len(loc) - 1):
            path.append(str(step))
        here = here[step] if is_there else here
    return ".".join(path)


def _shown(file: Path) -> str:
    """Give the path from the project's root on: logs need no machine's layout."""
    return "/".join(file.parts[-4:])
