"""What a deployment may set, in one table: an Airflow Variable wins over the environment, that over the default.

Nothing here is read while DAG files are parsed, except the few that only the environment can set: a Variable look-up is
a request, and parsing happens all the time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from reelworks.core.errors import BadInputError


@dataclass(frozen=True)
class Setting:
    """One row; ``parsed`` marks what is read where no Variable can be looked up, as in DAG files."""

    name: str
    default: str
    what: str
    parsed: bool = False


SUFFIXES = ".mp4 .mov .m4v .mkv .webm .avi .wmv .flv .mpg .mpeg .m2v .ts .mts .m2ts .mxf .dv .vob .3gp .ogv"

TABLE = {
    row.name: row
    for row in (
        Setting("REELWORKS_INBOX", "s3://inbox", "Where videos land: `s3://bucket` or `s3://bucket/prefix`"),
        Setting("REELWORKS_OUTBOX", "s3://outbox", "Where outputs go; our own records too, under `_reelworks/`"),
        Setting("REELWORKS_SUFFIXES", SUFFIXES, "What counts as a video: suffixes, in any letter case"),
        Setting("REELWORKS_RECIPE", "web", "The recipe for what lands, a file of `include/recipes`"),
        Setting("REELWORKS_AWS_CONN", "aws_default", "The Airflow connection for S3 and SQS"),
        Setting("REELWORKS_QUEUE", "", "URL of the SQS queue with the inbox's notifications; empty: none"),
        Setting("REELWORKS_SETTLE", "30", "Seconds that an object must have stood unchanged before its run starts"),
        Setting("REELWORKS_WATCH_INTERVAL", "30", "Seconds between two lists of the inbox in `watch_inbox`"),
        Setting("REELWORKS_BELL_INTERVAL", "5", "Seconds between two looks at the queue in `inbox_events`"),
        Setting("REELWORKS_SWEEP_LIMIT", "500", "Runs that one sweep starts at most"),
        Setting("REELWORKS_IN_FLIGHT", "1000", "Runs of `process_video` that may wait or run at once; the rest waits"),
        Setting("REELWORKS_SWEEP_SCHEDULE", "*/15 * * * *", "Cron expression of `sweep_inbox`", parsed=True),
        Setting("REELWORKS_REAP", "report", "What `reap_remote` does with orphans: `report`, or `act`", parsed=True),
        Setting("REELWORKS_REAP_SCHEDULE", "*/30 * * * *", "Cron expression of `reap_remote`", parsed=True),
        Setting("REELWORKS_REAP_GRACE", "900", "Seconds for which it touches nothing that is new", parsed=True),
        Setting(
            "REELWORKS_REAP_CONNS",
            "bytenite_default openencoder_default pixop_default",
            "Connections that `reap_remote` looks at; it skips those that do not exist",
        ),
        Setting(
            "REELWORKS_NOTIFY",
            "",
            "Who is told of failed runs: any of `slack:<conn>`, `email:<conn>:<address>`, `webhook:<conn>`",
        ),
        Setting("REELWORKS_BYTENITE_POOL", "default_pool", "Airflow pool of the tasks that work there", parsed=True),
        Setting("REELWORKS_OPENENCODER_POOL", "default_pool", "The same for Open Encoder", parsed=True),
        Setting("REELWORKS_PIXOP_POOL", "default_pool", "The same for Pixop", parsed=True),
        Setting(
            "REELWORKS_PRESETS", "", "Folder of presets, one folder each service; empty: `include/presets`", parsed=True
        ),
        Setting("REELWORKS_RECIPES", "", "Folder of recipes; empty: `include/recipes`", parsed=True),
        Setting("REELWORKS_FFMPEG", "", "The ffmpeg that verifies; empty: the package's, or the PATH's", parsed=True),
        Setting("REELWORKS_FFPROBE", "", "The same for ffprobe", parsed=True),
    )
}


def environment(name: str) -> str:
    """Return what the environment says, or the default; for DAG files, where no Variable may be looked up."""
    return os.environ.get(name, "").strip() or TABLE[name].default


def setting(name: str) -> str:
    """Return a setting inside a task or a trigger; costs two requests to Airflow where there is no Variable.

    :raises UnreachableError: Airflow does not answer. The default may be another account, or another bucket.
    """
    from reelworks.core.lookups import find_variable

    if TABLE[name].parsed:
        return environment(name)
    return (find_variable(name) or "").strip() or environment(name)


def seconds(name: str) -> float:
    """Return a setting that is a number of seconds.

    :raises BadInputError: it is none, or negative.
    """
    try:
        value = float(setting(name))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadInputError(f"{name} is {setting(name)!r}: give a number of seconds")
    return value


def count(name: str) -> int:
    """Return a setting that is a whole number of at least 1.

    :raises BadInputError: it is none.
    """
    text = setting(name)
    if not (text.isascii() and text.isdigit() and int(text)):
        raise BadInputError(f"{name} is {text!r}: give a whole number of at least 1")
    return int(text)


def words(name: str) -> tuple[str, ...]:
    """Return a setting that is a list: words with spaces or commas between them."""
    return tuple(setting(name).replace(",", " ").split())


def as_markdown() -> str:
    """Return the table of the README."""
    rows = [f"| `{row.name}` | {_shown(row)} | {row.what} |" for row in TABLE.values()]
    return "\n".join(["| Setting | Default | What it is |", "|---|---|---|", *rows])


def _shown(row: Setting) -> str:
    return " ".join(filter(None, [row.default and f"`{row.default}`", "(environment only)" if row.parsed else ""]))
