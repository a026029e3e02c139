"""Look Airflow's connections and Variables up; an Airflow that does not answer is never taken for "there is none".

Airflow 3.3 itself takes it so when its API server is down: only what the supervisor answers tells the two apart.
"""

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
        _check_none(*_question_on_connection(conn_id))
    return None


async def afind_connection(conn_id: str) -> Connection | None:
    """Do the same in the triggerer, without blocking its event loop."""
    try:
        return await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException:
        if send := getattr(_supervisor(), "asend", None):
            question, none, what = _question_on_connection(conn_id)
            with _answered(what):
                _believe(await send(question), none, what)
    return None


def find_variable(name: str) -> str | None:
    """Return the Variable, None if there is none.

    :raises UnreachableError: Airflow does not say.
    """
    from airflow.sdk import Variable
    from airflow.sdk.execution_time.comms import GetVariable

    found = Variable.get(name, default=None)
    if found is None:
        _check_none(GetVariable(key=name), ErrorType.VARIABLE_NOT_FOUND, f"a Variable {name!r}")
    return None if found is None else str(found)


def _supervisor() -> Any:
    """Return the line to the supervisor; None in a script and in the API server, which look for themselves."""
    from airflow.sdk.execution_time import task_runner

    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def _question_on_connection(conn_id: str) -> tuple[Any, ErrorType, str]:
    from airflow.sdk.execution_time.comms import GetConnection

    return GetConnection(conn_id=conn_id), ErrorType.CONNECTION_NOT_FOUND, f"a connection {conn_id!r}"


def _check_none(question: Any, none: ErrorType, what: str) -> None:
    if send := getattr(_supervisor(), "send", None):
        with _answered(what):
            _believe(send(question), none, what)


def _believe(answer: Any, none: ErrorType, what: str) -> None:
    error = getattr(answer, "error", None)
    if error is not none:  # the thing itself, even: then Airflow was down only just now
        raise _unsaid(what, getattr(error, "value", type(answer).__name__))


@contextmanager
def _answered(what: str) -> Iterator[None]:
    try:
        yield
    except AirflowRuntimeError as error:
        raise _unsaid(what, error.error.error.value) from error
    except (OSError, EOFError) as error:
        raise _unsaid(what, type(error).__name__) from error


def _unsaid(what: str, why: str) -> UnreachableError:
    return UnreachableError(f"Airflow does not say whether there is {what} ({why})")
