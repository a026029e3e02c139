"""Recipes are checked as presets are: what is wrong is named by file, field and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError
from reelworks.recipes import load_recipe, recipe_names

ENCODE = "{name: one, service: bytenite, preset: h264_360p}"
TWO = f"{ENCODE}, {{name: two, service: openencoder, preset: h264_main_720p_3000}}"
THREE = f"{TWO}, {{name: three, service: openencoder, preset: webm_vp9_720p_3000}}"
FOUR = f"{THREE}, {{name: four, service: bytenite, preset: h264_720p}}"

WRONG = {
    "an unknown field": (f"encodes: [{ENCODE}]\nsharpness: 3", "recipes/odd.yaml: sharpness: unknown field"),
    "an unknown gate": (f"encodes: [{ENCODE}]\ngates: {{vmaf: 3}}", "gates.vmaf: unknown field"),
    "a gate out of range": (f"encodes: [{ENCODE}]\ngates: {{vmaf_floor: 101}}", "gates.vmaf_floor: "),
    "no encodes": ("encodes: []", "encodes: "),
    "an unknown service": ("encodes: [{name: a, service: handbrake, preset: b}]", "encodes.0.service: "),
    "an unknown preset": (
        "encodes: [{name: a, service: bytenite, preset: h264_361p}]",
        "encodes.0.preset: no bytenite preset is called 'h264_361p'. Did you mean 'h264_360p'?",
    ),
    "an unknown enhancement": (
        f"enhance: {{preset: sd_tape_1081p}}\nencodes: [{ENCODE}]",
        "enhance.preset: no pixop preset is called 'sd_tape_1081p'",
    ),
    "two encodes of a name": (f"encodes: [{ENCODE}, {ENCODE}]", "encodes: two are called one"),
    "an encode called as the enhancement": (f"encodes: [{ENCODE.replace('one', 'enhance')}]", "encodes: none may"),
    "two outputs of a name": (
        f"encodes: [{ENCODE}, {ENCODE.replace('one', 'two')}]",
        "encodes.1: makes h264_360p.mp4, and so does encodes.0",
    ),
    "four encodes": (f"encodes: [{FOUR}]", "encodes: at most 3"),
    "three encodes besides an enhancement": (
        f"enhance: {{preset: denoise}}\nencodes: [{THREE}]",
        "encodes: besides an enhancement at most 2",
    ),
    "two encodes besides an enhancement that is kept": (
        f"enhance: {{preset: denoise}}\nencodes: [{TWO}]\nkeep_remote: true",
        "encodes: besides an enhancement that is kept at Pixop at most 1",
    ),
    "naming that leaves its place": (f"encodes: [{ENCODE}]\nnaming: '../{{rendition}}.{{suffix}}'", "naming: "),
    "naming without a suffix": (f"encodes: [{ENCODE}]\nnaming: '{{rendition}}'", "naming: needs"),
    "naming by what there is not": (
        f"encodes: [{ENCODE}]\nnaming: '{{date}}/{{rendition}}.{{suffix}}'",
        "unknown date",
    ),
    "kept copies without an enhancement": (f"encodes: [{ENCODE}]\nkeep_remote: true", "keep_remote: is for"),
    "another name than the file's": (f"name: even\nencodes: [{ENCODE}]", "name: is 'even', but the file is called"),
    "a list": ("- 1", "recipes/odd.yaml"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "recipes"
    path.mkdir()
    monkeypatch.setenv("REELWORKS_RECIPES", str(path))
    return path


@pytest.mark.parametrize("name", recipe_names())
def test_each_recipe_that_ships_loads_with_its_presets(name: str) -> None:
    recipe = load_recipe(name)

    assert recipe.name == name
    assert len(recipe.digest) == 64


def test_the_recipes_of_the_issue_ship() -> None:
    assert {"web", "archive", "restore_and_web", "preview"} <= {*recipe_names()}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_a_recipe_is_named(what: str, folder: Path) -> None:
    text, said = WRONG[what]
    (folder / "odd.yaml").write_text(f"description: Odd.\n{text}\n" if not text.startswith("-") else text)

    with pytest.raises(BadInputError) as raised:
        load_recipe("odd")

    assert said in str(raised.value)
    assert "recipes/odd.yaml" in str(raised.value)


def test_an_unknown_recipe_is_told_with_those_there_are(folder: Path) -> None:
    (folder / "odd.yaml").write_text("")

    with pytest.raises(BadInputError, match=r"no recipe is called 'od'\. Did you mean 'odd'"):
        load_recipe("od")


def test_a_change_of_a_preset_changes_the_digest_of_the_recipe(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = tmp_path / "presets" / "openencoder"
    presets.mkdir(parents=True)
    monkeypatch.setenv("REELWORKS_PRESETS", str(presets.parent))
    preset = 'description: A.\noutput: a.mp4\ndata: {raw: ["-y", "-c:v libx264", "-b:v 900k"]}\n'
    (presets / "a.yaml").write_text(preset)
    (folder / "odd.yaml").write_text("description: Odd.\nencodes: [{name: a, service: openencoder, preset: a}]\n")
    before = load_recipe("odd").digest

    (presets / "a.yaml").write_text(preset.replace("900k", "800k"))

    assert load_recipe("odd").digest != before


def test_outputs_are_named_as_the_recipe_says_and_stay_in_their_place(folder: Path) -> None:
    (folder / "odd.yaml").write_text(
        f"description: Odd.\nencodes: [{ENCODE}]\nnaming: '{{source}}/{{encode}}_{{rendition}}.{{suffix}}'\n"
    )

    name = load_recipe("odd").file_name(source="../é & ü", encode="one", made="h264_360p.mp4")

    assert name == "_é_ü/one_h264_360p.mp4"
