"""Preset files: found by name, read strictly, refused in one clear sentence."""

from pathlib import Path
from typing import Self

import pytest
from pydantic import BaseModel, ConfigDict

from reelworks.core import presets
from reelworks.core.errors import BadInputError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    speed: int


class Simple(BaseModel):
    model_config = ConfigDict(extra="forbid")
    steps: list[Inner]

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        return cls.model_validate(content)

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        return cls.model_validate(content)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REELWORKS_PRESETS", str(tmp_path))
    (tmp_path / "acme").mkdir()
    return tmp_path / "acme"


def test_names_are_sorted_stems_and_nothing_is_opened(folder: Path) -> None:
    (folder / "b.yaml").write_text("this: is: no yaml")
    (folder / "a.json").write_text("nor is this json")
    (folder / "c.yml").write_text("")
    (folder / ".hidden.yaml").write_text("")
    (folder / "README.md").write_text("")
    assert presets.preset_names("acme") == ("a", "b", "c")


def test_the_shipped_folder_is_found_without_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REELWORKS_PRESETS", raising=False)
    assert "h264_720p" in presets.preset_names("bytenite")


def test_a_missing_folder_is_named(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"no preset folder at .*/nowhere .*REELWORKS_PRESETS"):
        presets.preset_names("nowhere")


def test_an_unknown_name_lists_those_there_are_and_the_nearest(folder: Path) -> None:
    (folder / "h264_720p.yaml").write_text("steps: []")
    (folder / "vp9.yaml").write_text("steps: []")
    with pytest.raises(BadInputError) as error:
        presets.load("acme", "h264_720", Simple)
    assert "Did you mean 'h264_720p'? There are: h264_720p, vp9" in str(error.value)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", ".", "sub/inner", "a.yaml"])
def test_a_name_is_never_a_path(folder: Path, name: str) -> None:
    (folder.parent / "outside.yaml").write_text("steps: []")
    (folder / "sub").mkdir()
    (folder / "sub" / "inner.yaml").write_text("steps: []")
    (folder / "a.yaml").write_text("steps: []")
    with pytest.raises(BadInputError, match="no acme preset is called"):
        presets.load("acme", name, Simple)


def test_the_same_name_in_two_formats_is_refused(folder: Path) -> None:
    (folder / "a.yaml").write_text("steps: []")
    (folder / "a.json").write_text("{}")
    with pytest.raises(BadInputError, match="exists twice"):
        presets.load("acme", "a", Simple)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("a.yaml", "steps: [{speed: fast}]", "steps.0.speed: Input should be a valid integer"),
        ("a.yaml", "steps: [{speed: 1, sped: 2}]", "steps.0.sped: unknown field"),
        ("a.yaml", "steps: [{}]", "steps.0.speed: Field required"),
        ("a.yaml", "steps: [{speed: 1, speed: 2}]", "line 1: the key 'speed' is written twice"),
        ("a.yaml", "steps: [\n  {speed: 1", "line 2: expected ',' or '}'"),
        ("a.yaml", "", "Input should be a valid dictionary"),
        ("a.yaml", "steps: !!python/object:os.system []", "could not determine a constructor"),
        ("a.json", '{"steps": [], "steps": []}', "the key 'steps' is written twice"),
        ("a.json", "{", "Expecting property name"),
    ],
)
def test_what_is_wrong_names_file_field_and_rule(folder: Path, file: str, text: str, said: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(BadInputError) as error:
        presets.load("acme", "a", Simple)
    assert f"acme/{file}: " in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(BadInputError, match=r"acme/a\.yaml: "):
        presets.load("acme", "a", Simple)


def test_the_digest_does_not_depend_on_layout() -> None:
    assert presets.digest_of({"a": 1, "b": [2]}) == presets.digest_of({"b": [2], "a": 1})
    assert presets.digest_of({"a": 1}) != presets.digest_of({"a": "1"})
