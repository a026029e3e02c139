"""Recipes: what one video goes through. ``include/recipes/<name>.yaml``, checked with the presets they name."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from reelworks.bytenite.presets import ByteNitePreset
from reelworks.core.errors import BadInputError
from reelworks.core.presets import PresetFolder, PresetModel, digest_of, load
from reelworks.openencoder.presets import OpenEncoderPreset
from reelworks.pixop.presets import PixopPreset
from reelworks.verify.gates import Gates

Service: TypeAlias = Literal["bytenite", "openencoder"]

MOST_STARTS = 8
"""Of tasks, for one video: each costs Airflow up to a second. Probe and publish take one, a remote job up to two, and
an enhancement three where its ingest at Pixop is a full one, which may take long, too."""

OURS = ("manifest.json", "contact_sheet.jpg", "before_after.jpg")
"""What lies beside the outputs."""

_MODELS: dict[str, Any] = {"bytenite": ByteNitePreset, "openencoder": OpenEncoderPreset}
_FIELDS = {"source", "encode", "rendition", "suffix"}


def _naming(text: str) -> str:
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        raise ValueError(f"{error}: write it as '{{encode}}/{{rendition}}.{{suffix}}'") from None
    if fields - _FIELDS:
        raise ValueError(f"unknown {', '.join(sorted(fields - _FIELDS))}; there are {', '.join(sorted(_FIELDS))}")
    if not {"rendition", "suffix"} <= fields or not text.endswith(".{suffix}"):
        raise ValueError("needs {rendition}, and ends in .{suffix}: two outputs would have one name, or a wrong one")
    if not re.fullmatch(r"(?!\.)[\w{}.+@-]+(/(?!\.)[\w{}.+@-]+)*", text):
        raise ValueError("is a plain relative name: letters, digits, and any of _ - + @ . and /, none of it hidden")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Enhance(_Part):
    """By Pixop, before anything is encoded.

    ``preview_seconds``: only a clip of that length. ``publish``: the enhanced video is an output, too; it is then also
    what a changed encode starts from, so that nothing is enhanced twice.
    """

    preset: str
    preview_seconds: float | None = Field(default=None, ge=1, le=600)
    publish: bool = False


class Encode(_Part):
    """One job of an encoder; ``name`` is the recipe's own word for it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
    service: Service
    preset: str


class Recipe(_Part):
    """What one video goes through. Load one with ``load_recipe(name)``."""

    name: str
    description: str = Field(min_length=1, max_length=200)
    enhance: Enhance | None = None
    encodes: Annotated[tuple[Encode, ...], Field(min_length=1)]
    gates: Gates = Gates()
    naming: Annotated[str, AfterValidator(_naming)] = "{rendition}.{suffix}"
    keep_remote: bool = False

    @model_validator(mode="after")
    def _runs(self) -> Self:
        names = [encode.name for encode in self.encodes]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"encodes: two are called {', '.join(sorted(twice))}; names tell them apart")
        if "enhance" in names:
            raise ValueError("encodes: none may be called enhance: that is the enhancement's name in the manifest")
        if self.keep_remote and not self.enhance:
            raise ValueError("keep_remote: is for what Pixop enhanced, and nothing is; leave it out")
        most = (MOST_STARTS - 2 - (2 + self.keep_remote if self.enhance else 0)) // 2
        if len(names) > most:
            kept = "that is kept at Pixop " if self.keep_remote else ""
            told = f"besides an enhancement {kept}" if self.enhance else ""
            raise ValueError(
                f"encodes: {told}at most {most}; put several renditions into one preset, or make two recipes"
            )
        return self

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        """Check hand-written content and the presets it names (ValueError, or pydantic's ValidationError)."""
        if isinstance(content, dict) and content.get("name", name) != name:
            raise ValueError(f"name: is {content['name']!r}, but the file is called {name!r}; leave it out")
        recipe = cls.model_validate({**content, "name": name} if isinstance(content, dict) else content)
        recipe._check_names()
        return recipe

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        """Do the same: no tool exports recipes, so JSON is only another way to write one."""
        return cls.from_yaml(name, content)

    @property
    def digest(self) -> str:
        """The sha256 (hex) of all that it says and of the presets it names."""
        parts: list[Encode | Enhance] = [*self.encodes, *([self.enhance] if self.enhance else [])]
        presets = [self.preset(part).digest for part in parts]
        return digest_of({**self.model_dump(mode="json", exclude={"description"}), "presets": presets})

    def preset(self, part: Encode | Enhance) -> Any:
        """Load the preset of a part. BadInputError names the preset's file, field and rule."""
        model: type[PresetModel] = PixopPreset if isinstance(part, Enhance) else _MODELS[part.service]
        return load("pixop" if isinstance(part, Enhance) else part.service, part.preset, model)

    def file_name(self, *, source: str, encode: str, made: str) -> str:
        """Give what an output is called below its place; ``made`` is its rendition's name, ``source`` the stem."""
        path = PurePosixPath(made)
        return self.naming.format(
            source=re.sub(r"[^\w.@+-]+", "_", source).strip(".") or "video",
            encode=encode,
            rendition=path.stem,
            suffix=path.suffix.lstrip("."),
        )

    def _check_names(self) -> None:
        """Load what is named, and see that no two outputs would have one name."""
        seen = dict.fromkeys(OURS, "what goes beside them")
        for field, encode, made in self._made():
            name = self.file_name(source="source", encode=encode, made=made)
            if name in seen:
                raise ValueError(f"{field}: makes {name}, and so does {seen[name]}; tell them apart with naming")
            seen[name] = field

    def _made(self) -> Iterator[tuple[str, str, str]]:
        if self.enhance:
            made = _loaded("enhance.preset", self, self.enhance).rendition().name
            if self.enhance.publish:
                yield "enhance", "enhanced", made
        for index, encode in enumerate(self.encodes):
            preset = _loaded(f"encodes.{index}.preset", self, encode)
            renditions = preset.renditions("job") if encode.service == "bytenite" else [preset.rendition()]
            yield from ((f"encodes.{index}", encode.name, rendition.name) for rendition in renditions)


class RecipeFolder(PresetFolder):
    """The recipes: ``$REELWORKS_RECIPES``, else ``include/recipes``."""

    noun: ClassVar[str] = "recipe"
    root: ClassVar[str] = "recipes"
    variable: ClassVar[str] = "REELWORKS_RECIPES"


def recipe_names() -> tuple[str, ...]:
    """Give the names of the recipes, sorted. Cheap: nothing is opened, so a DAG file may call it."""
    return RecipeFolder("").names()


def load_recipe(name: str) -> Recipe:
    """Read and check one recipe and the presets it names. BadInputError names the file, the field and the rule."""
    return RecipeFolder("").load(name, Recipe)


def _loaded(field: str, recipe: Recipe, part: Encode | Enhance) -> Any:
    try:
        return recipe.preset(part)
    except BadInputError as error:
        raise ValueError(f"{field}: {error}") from None
