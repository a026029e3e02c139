"""Verify all that a run has made, each against what its preset promised and what it was made from."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reelworks.core.presets import Rendition
from reelworks.media import s3
from reelworks.media.probe import Probe
from reelworks.process.plan import ENHANCE, Plan
from reelworks.recipes import Encode, Recipe
from reelworks.verify.survey import Survey, survey
from reelworks.verify.verdict import Verdict
from reelworks.verify.verify import verify

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

LINK_LIFETIME = 6 * 3600

Made = Mapping[str, Any]
"""What a task has left: ``{"name", "job", "outputs"}``, the first the recipe's, the others the operator's."""


@dataclass
class Judge:
    """Verifies the outputs of one run; what several are compared with is decoded once."""

    client: S3Client
    recipe: Recipe
    plan: Plan
    enhanced: str | None
    """Where the enhanced video lies, if there is one."""
    _surveys: dict[str, Survey] = field(default_factory=dict)

    def verdicts(self, made: Made) -> Iterator[tuple[str, Verdict]]:
        """Give a verdict for each output of a job, by the output's name."""
        renditions = self._promised(made)
        promised = {rendition.name: rendition for rendition in renditions}
        for output in made["outputs"]:
            log.info("verifying %s", output["url"])
            # The one of a preset that leaves its container open gets its suffix only from the service.
            only = renditions[0] if len(renditions) == 1 else _anything(output["name"])
            rendition = promised.get(output["name"], only)
            yield output["name"], self._verdict(made["name"], output["url"], rendition)

    def _verdict(self, name: str, url: str, promised: Rendition) -> Verdict:
        gates, link = self.recipe.gates, self._link(url)
        if name == ENHANCE or (self.recipe.enhance and self.enhanced is None):
            # Enhancing is meant to change the picture.
            source, clip, compare = self.plan["source"]["url"], self.clip(), False
        else:
            source, clip, compare = self.enhanced or self.plan["source"]["url"], None, True
        there = self._survey(source, clip)
        return verify(
            link, self._link(source), promised=promised, gates=gates, compare=compare, clip=clip, surveyed=there
        )

    def _survey(self, url: str, clip: tuple[float, float] | None) -> Survey:
        if url not in self._surveys:
            self._surveys = {url: survey(self._link(url), clip=clip)}  # one at a time: they are large
        return self._surveys[url]

    def _link(self, url: str) -> str:
        version = self.plan["source"]["version_id"] if url == self.plan["source"]["url"] else None
        return s3.presign(self.client, s3.S3Url.parse(url), LINK_LIFETIME, version)

    def clip(self) -> tuple[float, float] | None:
        """Return from which second to which of the source is enhanced; None for all of it."""
        if self.recipe.enhance is None:
            return None
        start, end = self.recipe.preset(self.recipe.enhance).span_ms(self._range())
        if start == 0 and end is None:
            return None
        return start / 1000, (self._source.duration or 0.0) if end is None else end / 1000

    def _range(self) -> tuple[int, int] | None:
        enhance = self.recipe.enhance
        if enhance is None or enhance.preview_seconds is None:
            return None
        found: tuple[int, int] = self.recipe.preset(enhance).preview_ms(enhance.preview_seconds, self._source)
        return found

    @property
    def _source(self) -> Probe:
        return Probe.model_validate(self.plan["source"]["probe"])

    def _promised(self, made: Made) -> Sequence[Rendition]:
        if made["name"] == ENHANCE and self.recipe.enhance:
            return [self.recipe.preset(self.recipe.enhance).rendition(self._source, self._range())]
        encode: Encode = next(encode for encode in self.recipe.encodes if encode.name == made["name"])
        preset = self.recipe.preset(encode)
        if encode.service == "bytenite":
            return list(preset.renditions(made["job"]["name"]))
        return [preset.rendition()]


def _anything(name: str) -> Rendition:
    """Give what is promised of an output whose name the service chose: nothing but to show what its source shows."""
    return Rendition(name, None, None, None, None, False, None)
