"""The task of ``reap_remote``: the connections it looks at, and what it leaves in Airflow."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.core.lookups import find_connection
from reelworks.reap.folders import OpenEncoderFolders
from reelworks.reap.holdings import ByteNiteJobs, Holdings, OpenEncoderJobs, OpenEncoderMachines, PixopVideos
from reelworks.reap.reaper import Reaper
from reelworks.reap.report import Report
from reelworks.reap.verdict import Judge
from reelworks.settings import words

if TYPE_CHECKING:
    from airflow.sdk import Context

HOLDINGS: Mapping[str, tuple[type[Holdings], ...]] = {
    "bytenite": (ByteNiteJobs,),
    # Machines last: they are deleted only when no job is left.
    "openencoder": (OpenEncoderJobs, OpenEncoderFolders, OpenEncoderMachines),
    "pixop": (PixopVideos,),
}

ENDED = "reelworks.ended"

log = logging.getLogger(__name__)


def reap_remote(context: Context) -> dict[str, Any]:
    """Reap as the run's params say; return the report, which is there for a run that fails, too.

    :raises airflow.sdk.exceptions.AirflowException: a service could not be looked at, or an orphan not be ended.
    :raises airflow.sdk.exceptions.AirflowRuntimeError: Airflow does not answer.
    """
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    params = context["params"]
    store: Any = context["task_state_store"]
    report = Report(dry_run=bool(params["dry_run"]), earlier=store.get(ENDED) or [])
    reaper = Reaper(Judge(grace=float(params["grace"]), dags=params["dags"]), dry_run=report.dry_run)
    try:
        reaper.reap(held_under(words("REELWORKS_REAP_CONNS"), params["services"], report.skipped), report)
        if report.faults:
            raise AirflowException("; ".join(f"{what}: {why}" for what, why in report.faults.items()))
    except BaseException:
        # An Airflow that does not answer takes no report either; the log has it.
        with suppress(AirflowRuntimeError):
            store.set(ENDED, report.ended())
        with suppress(AirflowRuntimeError):
            context["ti"].xcom_push(key="return_value", value=report.as_json())
        raise
    finally:
        log.info("%s\n%s", "Dry run: nothing was touched" if report.dry_run else "Reaped", report.as_text())
    return report.as_json()


def held_under(conn_ids: Collection[str], services: Collection[str], skipped: dict[str, str]) -> Iterator[Holdings]:
    """Give what lies under each connection, of the services asked for; ``skipped`` is told what is not looked at.

    :raises BadInputError: a connection is of none of the services.
    :raises UnreachableError: Airflow does not say whether there is one.
    """
    found = {}
    for conn_id in conn_ids:
        if connection := find_connection(conn_id):
            found[conn_id] = str(connection.conn_type)
        else:
            skipped[conn_id] = "there is no such connection"
    for conn_id, service in found.items():
        if service not in HOLDINGS:
            raise BadInputError(
                f"the connection {conn_id!r} is of type {service!r}: name those of {', '.join(HOLDINGS)}"
            )
    for conn_id, service in found.items():
        if service in services:
            yield from (holdings(conn_id) for holdings in HOLDINGS[service])
