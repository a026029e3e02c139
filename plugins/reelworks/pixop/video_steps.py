"""One operator for each call about Pixop's videos, but for the transfers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError
from reelworks.core.jobs import sure_look
from reelworks.core.presets import load
from reelworks.pixop import api
from reelworks.pixop.jobs import cancel, find_processing, landed, remove_video, send_processing
from reelworks.pixop.presets import PixopPreset
from reelworks.pixop.steps import PixopStepOperator, PixopVideoStepOperator, compact

if TYPE_CHECKING:
    from airflow.sdk import Context

STARTED = "reelworks.pixop.started"


class PixopCreateVideoOperator(PixopStepOperator):
    """Creates an empty video, which costs nothing, and returns its id. A retry finds the one it made.

    Mapped tasks should give each video a name of its own: after a lost answer they would take one another's.
    """

    template_fields = ("name", "project_id", "conn_id")

    def __init__(self, *, name: str, project_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.project_id = project_id

    def step(self, context: Context) -> str:
        """Create it, or find the one an earlier try created."""
        if not self.name.strip():
            raise BadInputError("a video needs a name, by which a retry finds it")
        return self.created_once(
            context,
            self.name,
            lambda: api.list_videos(self.project_id),
            lambda: api.create_video(self.name, self.project_id),
        )


class PixopGetVideoOperator(PixopVideoStepOperator):
    """Returns all that Pixop says of a video: upload, ingestion with metadata and quality, processing, attributes."""

    def step(self, context: Context) -> dict[str, Any]:
        """Ask for it; an unknown one fails."""
        return self.service.answer(sure_look(lambda: api.get_video(self.video_id)))


class PixopListVideosOperator(PixopStepOperator):
    """Returns all videos, of all pages; with ``project_id`` or ``parent_id`` only a project's or those made of one.

    A list of ``{"id", "parent_id", "project_id", "name", "file_name", "created", "updated"}``.
    """

    template_fields = ("project_id", "parent_id", "conn_id")

    def __init__(self, *, project_id: str | None = None, parent_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project_id = project_id
        self.parent_id = parent_id

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Turn the pages."""
        rows = self.service.answer(api.list_videos(self.project_id, self.parent_id))
        return [compact(row, **FIELDS) for row in rows]


FIELDS = {
    "id": "id",
    "parent_id": "parentId",
    "project_id": "projectId",
    "name": "name",
    "file_name": "filename",
    "created": "dateCreated",
    "updated": "timeLastUpdated",
}


class PixopProcessVideoOperator(PixopVideoStepOperator):
    """Starts the processing of an ingested video, which costs money; returns the id of the video that it makes.

    ``preset`` names a file in ``include/presets/pixop``. A retry takes the processing that it started before. Wait for
    it with PixopProcessingSensor. Let steps that process one video go one after the other: after a lost answer one
    would take another's.
    """

    template_fields = ("video_id", "preset", "conn_id")

    def __init__(self, *, preset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.preset = preset

    def step(self, context: Context) -> str:
        """Start it once."""
        body = load("pixop", self.preset, PixopPreset).body()
        store, most = context["task_state_store"], int(context["ti"].max_tries or 0)
        note: Any = store.get(STARTED)
        again = bool(note and note["max_tries"] == most and note["video_id"] == self.video_id)
        if again and note.get("id"):
            return str(note["id"])
        if not again:
            known = self.service.answer(find_processing(self.video_id))
            note = {"max_tries": most, "video_id": self.video_id, "known": known}
        made = self.service.answer(landed(self.video_id, note["known"], note.get("sent", 0.0))) if again else None
        if not made:
            note["sent"] = time.time()
            store.set(STARTED, note)  # from here on a retry looks before it sends
            made = self.service.answer(send_processing(self.video_id, body, note["known"]))
        store.set(STARTED, {**note, "id": made})
        return made


class PixopCancelProcessingOperator(PixopVideoStepOperator):
    """Stops a processing by deleting the video that it makes; one that is over is left as it is, one gone no error."""

    def step(self, context: Context) -> None:
        """Stop it."""
        self.service.answer(cancel(f"/{self.video_id}"))


class PixopDeleteVideoOperator(PixopVideoStepOperator):
    """Deletes a video and sees that it is gone; returns the ids that went: with an original, all made of it.

    One that is gone already is no error.
    """

    def step(self, context: Context) -> list[str]:
        """Delete it."""
        return self.service.answer(remove_video(self.video_id))
