"""Wait until a video has landed that has no run yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from reelworks.core.errors import BusyError, UnreachableError, VideoServiceError
from reelworks.core.trigger import FIRST_LOOK
from reelworks.inbox.place import Inbox
from reelworks.inbox.sweep import ready
from reelworks.settings import count, seconds

if TYPE_CHECKING:
    from airflow.sdk import Context


class NewVideoSensor(BaseSensorOperator):
    """Succeeds when the inbox holds a settled video that no sweep has seen, and there is room for its run.

    The provider's S3KeySensor waits for a key that matches. Sources stay in the inbox, so from the first video on it
    would fire at once for ever; its patterns know letter case, and it lists the whole bucket for a regular expression.
    What is not given is read from the settings. With ``deferrable`` (the default) it waits in the triggerer.
    ``timeout`` is in seconds; with ``soft_fail`` it is skipped then.
    """

    template_fields: Sequence[str] = ("inbox", "outbox", "suffixes", "recipe", "aws_conn_id")

    def __init__(
        self,
        *,
        inbox: str | None = None,
        outbox: str | None = None,
        suffixes: Sequence[str] | None = None,
        recipe: str | None = None,
        aws_conn_id: str | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inbox = inbox
        self.outbox = outbox
        self.suffixes = suffixes
        self.recipe = recipe
        self.aws_conn_id = aws_conn_id
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Look once on the worker, then wait in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return None
        interval = seconds("REELWORKS_WATCH_INTERVAL")
        trigger = NewVideoTrigger(
            inbox=self._inbox().as_json(), interval=interval, deadline=time.time() + float(self.timeout)
        )
        return self.defer(trigger=trigger, method_name="resume")

    def poke(self, context: Context) -> bool:
        """Look once; a look that goes unanswered is no failure."""
        try:
            return _look(self._inbox())
        except (UnreachableError, BusyError) as error:
            self.log.warning("%s", error)
            return False

    def resume(self, context: Context, event: dict[str, Any]) -> None:
        """End as the triggerer says; what has landed is for the next task to see for itself."""
        if event["landed"]:
            return
        message = f"no video has landed within {self.timeout:g} s"
        raise AirflowSkipException(message) if self.soft_fail else AirflowSensorTimeout(message)

    def _inbox(self) -> Inbox:
        return Inbox.from_settings(
            url=self.inbox,
            outbox=self.outbox,
            suffixes=self.suffixes,
            recipe=self.recipe,
            aws_conn_id=self.aws_conn_id,
        )


class NewVideoTrigger(BaseTrigger):
    """The sensor's wait; ``interval`` is in seconds, ``deadline`` in seconds since the epoch."""

    def __init__(self, *, inbox: dict[str, Any], interval: float, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inbox = inbox
        self.interval = interval
        self.deadline = deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what rebuilds this trigger: plain JSON, no secret."""
        kwargs = {"inbox": self.inbox, "interval": self.interval, "deadline": self.deadline}
        return "reelworks.inbox.sensor.NewVideoTrigger", kwargs

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield ``{"landed": bool}``."""
        inbox = Inbox.of(self.inbox)
        pause = max(FIRST_LOOK, self.interval)
        while time.time() < self.deadline:
            await asyncio.sleep(pause)
            pause = max(1.0, self.interval)
            try:
                # boto3 in a thread: 100 pages of a list would hold up every other trigger here for seconds.
                if await asyncio.to_thread(_look, inbox):
                    yield TriggerEvent({"landed": True})
                    return
            except VideoServiceError as error:
                self.log.warning("%s", error)
        yield TriggerEvent({"landed": False})


def _look(inbox: Inbox) -> bool:
    from reelworks.media.s3 import s3_client

    return ready(s3_client(inbox.aws_conn_id), inbox, most=count("REELWORKS_IN_FLIGHT"))
