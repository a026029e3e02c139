"""Quality assessment: a few measures of sampled pictures, each turned into a mark from 0 to 5."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import media
from sandbox.pixop.formats import READ

PLACES = 4
FRAMES_EACH = 5
SECONDS = 60.0
MEASURES = "format=yuv420p,blurdetect,blockdetect,bitplanenoise,signalstats,metadata=mode=print:file=-"
LABELS = ("bad", "poor", "fair", "good", "excellent")


@dataclass(frozen=True)
class Metric:
    """What is measured, and the means that are worth the mark 0 and the mark 5; the rest lies on a line between."""

    name: str
    keys: tuple[str, ...]
    worst: float
    best: float

    def mark(self, mean: float) -> float:
        """Return 0 to 5."""
        share = (mean - self.worst) / (self.best - self.worst)
        return round(5 * min(1.0, max(0.0, share)), 2)


# The ends of each line are our own; Pixop does not tell how it marks.
METRICS = (
    Metric("blur", ("blur",), worst=12.0, best=3.0),
    Metric("blockiness", ("block",), worst=20.0, best=1.0),
    Metric("noise", ("bitplanenoise.0.1",), worst=0.5, best=0.1),
    Metric("contrast", ("signalstats.YHIGH", "signalstats.YLOW"), worst=0.0, best=160.0),
)


async def assess(path: Path, duration_ms: int) -> dict[str, Any]:
    """Return the document's `qualityAssessment` object. Raises MediaError, TimeoutError."""
    said = ""
    for place in range(PLACES):
        said += await _measure(path, duration_ms / 1000 * place / PLACES)
    metrics = [_assessment(metric, said) for metric in METRICS]
    overall = sum(metric["subjectiveScore"] for metric in metrics) / len(metrics)
    return {"metrics": metrics, "overallSubjectiveScore": round(overall, 2)}


async def _measure(path: Path, second: float) -> str:
    command = [*READ, "-nostdin", "-ss", f"{second:.3f}", "-i", str(path), "-map", "0:V:0"]
    command += ["-frames:v", str(FRAMES_EACH), "-vf", MEASURES, "-f", "null", "-"]
    return (await media.run("ffmpeg", command, seconds=SECONDS)).decode()


def _assessment(metric: Metric, said: str) -> dict[str, Any]:
    means = [_mean(said, key) for key in metric.keys]
    mean = means[0] - sum(means[1:])
    score = metric.mark(mean)
    label = LABELS[min(int(score), len(LABELS) - 1)]
    return {
        "name": metric.name,
        "sampleMean": round(mean, 4),
        "subjectiveLabel": label,
        "subjectiveScore": score,
    }


def _mean(said: str, key: str) -> float:
    found = [float(value) for value in re.findall(rf"lavfi\.{re.escape(key)}=([\d.]+)$", said, re.MULTILINE)]
    return sum(found) / len(found) if found else 0.0
