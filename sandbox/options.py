"""The command line."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sandbox.bytenite.settings import Settings
from sandbox.control import parse_rules
from sandbox.faults import Rule
from sandbox.ports import LOOPBACK
from sandbox.services import SERVICES

ABOUT = """\
The services that Reelworks drives, and an S3 server, on your own machine (127.0.0.1 only, unless --host says more).
They speak the real services' contracts and do real work with ffmpeg; a ledger says what would have been paid.
"""
MORE = """\
When all is ready, addresses are printed, and written with credentials to DIR/sandbox.json (mode 0600).
Stop with Ctrl-C or SIGTERM. The same DIR again: same credentials, S3 objects, jobs and ledger; jobs that were
being encoded are taken up again. Credentials are made at the first start, or taken from the environment then:
SANDBOX_S3_ACCESS_KEY, SANDBOX_S3_SECRET_KEY, SANDBOX_BYTENITE_API_KEY, SANDBOX_OPENENCODER_ADMIN_PASSWORD,
SANDBOX_PIXOP_PASSWORD.

Beside each service's own API, without a token and never faulted:
  GET    /sandbox/ledger     paid jobs with amounts and states, totals, wallet, requests and faults so far
  GET    /sandbox/settings   POST changes some: {"token_lifetime": 20, "instant": true, "job_seconds": 5,
                             "fail_next": 1, "results_before_done": "null"|"empty"|"404", "results_late": 30,
                             "result_names": "hostile", "synthetic_size": 2147483648, "balance": 10,
                             "expire_tokens": true, ...}
                             Open Encoder's dangers are switches here, on unless set to false: process_exits,
                             poison_jobs, lost_enqueue, cancel_overwritten, silent_upload_failure, id_zero,
                             missing_source_hangs; the ledger lists calls that would kill a real server: "deadly"
                             Pixop: {"null_state": false, "string_pages": false, "token_flaw": "eternal",
                             "banned": true, "ingest_seconds": 5, "fail_next_ingest": 1, "second_upload": true,
                             "upload_bytes_per_second": 1e6, "download_bytes_per_second": 1e6, ...}
                             SQS, which gets S3's event notifications: {"buckets": ["inbox"], "lose_every": 20,
                             "duplicate_every": 5, "delay_every": 10, "delay_seconds": 3, "test_event": true}
  GET    /sandbox/faults     POST adds rules, DELETE drops all

A fault rule: {"kind": K, "endpoint": "*", "probability": 0.1, "seed": 7}
  kind         status        answer `status` instead of acting          status_after  act, then answer `status`
               reset_before  cut the connection instead of acting       reset_after   act, then cut it
               hang          hold `seconds`, then cut, without acting    hang_after    act, then hold and cut
               slow          answer `seconds` late                       truncate      cut the answer's body
               broken_json   half a body, whole headers                  content_type  an HTML page for an answer
               gateway       answer `status` as an HTML page instead of acting, as a proxy does
               cut_download  cut a result's download                  cut_upload     cut an upload's body
  endpoint     *, an endpoint's name (run_job, get_job, create_job, download, ...) or a path pattern
  method, status (503), probability (1), times, after, seed, seconds, keep_bytes, retry_after: as they say
"""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    state: Path
    only: frozenset[str]
    ports: dict[str, int | None]
    settings: dict[str, Any]
    rules: list[Rule]
    seed: int | None
    s3_endpoint: str | None
    host: str
    name: str


def parse(words: list[str]) -> Options:
    """Read the command line; ends the process with a message when it cannot be read."""
    parser = _parser()
    found = parser.parse_args(words)
    names = {"s3", *(service.name for service in SERVICES)}
    only = frozenset(found.only.split(",")) if found.only else frozenset(names)
    if not only <= names:
        parser.error(f"--only: {', '.join(sorted(only - names))} is none of {', '.join(sorted(names))}")
    given = {key: getattr(found, key) for key in Settings.model_fields if hasattr(found, key)}
    settings = {key: value for key, value in given.items() if value is not None}
    try:
        Settings(**settings)
        rules = _rules(found.faults) if found.faults else []
    except (ValidationError, ValueError, OSError) as error:
        parser.error(str(error))
    return Options(
        state=Path(found.state).expanduser().resolve(),
        only=only,
        ports={name: getattr(found, f"{name}_port") for name in names},
        settings=settings,
        rules=rules,
        seed=found.seed,
        s3_endpoint=found.s3_endpoint,
        host=found.host,
        name=found.name or found.host,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=ABOUT,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ",".join(["s3", *(service.name for service in SERVICES)])
    parser.add_argument("--state", metavar="DIR", default=".reelworks/sandbox", help="its files (%(default)s)")
    parser.add_argument("--host", metavar="ADDRESS", default=LOOPBACK, help="where to listen (%(default)s)")
    parser.add_argument("--name", metavar="HOST", help="what clients call this machine, in links too (that address)")
    parser.add_argument("--only", metavar="LIST", help=f"start only these, by comma: {names}")
    parser.add_argument("--s3-endpoint", metavar="URL", help="use this S3 server (credentials from AWS_...)")
    for name, usual in [("s3", 9000), *((service.name, service.usual_port) for service in SERVICES)]:
        text = f"0 = any free port; not given: {usual}, or a free one if that is busy"
        parser.add_argument(f"--{name}-port", type=int, metavar="N", help=text)
    parser.add_argument("--seed", type=int, metavar="N", help="make faults without an own seed repeatable")
    parser.add_argument("--faults", metavar="JSON", help="fault rules in force from the start: a file, or JSON")
    work = parser.add_argument_group("behaviour (can be changed while running)")
    work.add_argument("--instant", action="store_true", default=None, help="skip encoding: tiny results at once")
    work.add_argument("--job-seconds", type=float, metavar="S", help="the least time a job takes")
    work.add_argument("--encodes", type=int, metavar="N", help="jobs encoded at the same time (1)")
    work.add_argument("--token-lifetime", type=float, metavar="S", help="of access tokens (3600)")
    work.add_argument("--link-lifetime", type=float, metavar="S", help="of result and upload links (172800)")
    work.add_argument("--file-lifetime", type=float, metavar="S", help="of files in the bucket (172800)")
    return parser


def _rules(text: str) -> list[Rule]:
    content = text if text.lstrip().startswith(("{", "[")) else Path(text).read_text()
    return parse_rules(json.loads(content))
