"""``@publishing_task``: like ``@task``, with links to what it published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.sdk.bases.decorator import task_decorator_factory

from reelworks.web.links import LINKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk.bases.decorator import TaskDecorator


class PublishingOperator(_PythonDecoratedOperator):
    """Runs a function that returns the address of the manifest it wrote; the UI links to it and to its pictures."""

    # Airflow takes the links of a mapped task from its class.
    operator_extra_links = LINKS
    custom_operator_name = "@publishing_task"


def publishing_task(python_callable: Callable[..., str] | None = None, **kwargs: Any) -> TaskDecorator:
    """Turn a function that returns its manifest's address into a task; takes what ``@task`` takes."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=PublishingOperator, **kwargs
    )
