"""What Pixop's step operators have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from reelworks.core.errors import LostError
from reelworks.core.flow import Flow
from reelworks.core.step import StepOperator
from reelworks.pixop.calls import Row
from reelworks.pixop.hook import PixopHook

if TYPE_CHECKING:
    from airflow.sdk import Context


class PixopStepOperator(StepOperator):
    """A step at Pixop."""

    hook_class = PixopHook
    template_fields: Sequence[str] = ("conn_id",)

    def execute(self, context: Context) -> Any:
        """Do the step; a thing that the service does not know will not be there at the next try."""
        try:
            return super().execute(context)
        except LostError as error:
            raise AirflowFailException(str(error)) from error

    def created_once(
        self, context: Context, name: str, rows: Callable[[], Flow[list[Row]]], create: Callable[[], Flow[str]]
    ) -> str:
        """Create a thing and return its id; a retry finds the one that an earlier try made.

        Names need not be unique at Pixop: what an earlier try made is what bears the name and was not there before it.
        """
        store, most = context["task_state_store"], int(context["ti"].max_tries or 0)
        note: Any = store.get(CREATED)
        if note and note["max_tries"] == most and note["name"] == name:
            made = note.get("id") or self._new(rows, name, note["known"])
            if made:
                self.log.info("%s %s was made by an earlier try", name, made)
                return str(made)
        else:
            note = {"max_tries": most, "name": name, "known": self._named(rows, name)}
            store.set(CREATED, note)  # from here on a retry looks before it creates
        made = self.service.answer(create())
        store.set(CREATED, {**note, "id": made})
        return made

    def _new(self, rows: Callable[[], Flow[list[Row]]], name: str, known: Sequence[str]) -> str | None:
        return next((made for made in self._named(rows, name) if made not in known), None)

    def _named(self, rows: Callable[[], Flow[list[Row]]], name: str) -> list[str]:
        found = self.service.answer(rows())
        return [str(row["id"]) for row in found if row.get("name") == name and not row.get("parentId")]


CREATED = "reelworks.pixop.created"


class PixopVideoStepOperator(PixopStepOperator):
    """A step on a video that is there."""

    template_fields: Sequence[str] = ("video_id", "conn_id")

    def __init__(self, *, video_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.video_id = video_id


def compact(row: Row, **names: str) -> dict[str, Any]:
    """Return the fields of a row under our names, for XCom."""
    return {ours: row.get(theirs) for ours, theirs in names.items()}
