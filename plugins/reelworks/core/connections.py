"""Look an Airflow connection up; an Airflow that does not answer is never taken for "there is none"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError, ErrorType

from reelworks.core.errors import UnreachableError

if TYPE_CHECKING:
    from airflow.sdk import Connection


def find_connection(conn_id: str) -> Connection | None:
    """Return the connection, None if there is none; not for the event loop of a triggerer.

    :raises UnreachableError: Airflow does not say.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        # Airflow 3.3 says so, too, when its API server is down: only what the supervisor answers tells the two apart.
        if send := getattr(_supervisor(), "send", None):
            with _answered(conn_id):
                _check_none(send(_question(conn_id)), conn_id)
    return None


async def afind_connection(conn_id: str) -> Connection | None:
    """Do the same in the triggerer, without blocking its event loop."""
    try:
        return await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException:
        if send := getattr(_supervisor(), "asend", None):
            with _answered(conn_id):
                _check_none(await send(_question(conn_id)), conn_id)
    return None


def _supervisor() -> Any:
    """Return the line to the supervisor; None in a script and in the API server, which look for themselves."""
    from airflow.sdk.execution_time import task_runner

    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def _question(conn_id: str) -> Any:
    from airflow.sdk.execution_time.comms import GetConnection

    return GetConnection(conn_id=conn_id)


def _check_none(answer: Any, conn_id: str) -> None:
    error = getattr(answer, "error", None)
    if error is not ErrorType.CONNECTION_NOT_FOUND:  # a connection, even: then Airflow was down only just now
        raise _unsaid(conn_id, getattr(error, "value", type(answer).__name__))


@contextmanager
def _answered(conn_id: str) -> Iterator[None]:
    try:
        yield
    except AirflowRuntimeError as error:
        raise _unsaid(conn_id, error.error.error.value) from error
    except (OSError, EOFError) as error:
        raise _unsaid(conn_id, type(error).__name__) from error


def _unsaid(conn_id: str, why: str) -> UnreachableError:
    return UnreachableError(f"Airflow does not say whether there is a connection {conn_id!r} ({why})")
