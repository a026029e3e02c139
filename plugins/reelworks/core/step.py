"""One call, one task: the base of the operators that people compose their own DAGs from."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from reelworks.core import metrics
from reelworks.core.errors import HOPELESS
from reelworks.core.hook import VideoServiceHook

if TYPE_CHECKING:
    from airflow.sdk import Context


class StepOperator(BaseOperator):
    """Makes one step of a conversation with a service; each can be retried without doing its step twice.

    What another try would only meet again (bad input, a refusal, a wrong password) fails the task at once.
    """

    hook_class: ClassVar[type[VideoServiceHook]]

    def __init__(self, *, conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id or self.hook_class.default_conn_name

    @cached_property
    def service(self) -> VideoServiceHook:
        """The hook, made when it is first needed."""
        return self.hook_class(self.conn_id)

    @abstractmethod
    def step(self, context: Context) -> Any:
        """Do it and return what goes to XCom; a subclass says how."""

    def execute(self, context: Context) -> Any:
        """Do the step."""
        try:
            with metrics.of_service(self.hook_class.conn_type), metrics.failures_counted():
                return self.step(context)
        except HOPELESS as error:
            raise AirflowFailException(str(error)) from error
