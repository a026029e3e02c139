"""Links at a publishing task in the UI. They lead to our own pages, so that nothing signed is kept in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from reelworks.media.manifest import NAME as MANIFEST
from reelworks.web import PREFIX

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class OutputLink(BaseOperatorLink):
    """A link to one of our pages about what a task instance published.

    Airflow asks for it on the worker when the task ends, and keeps the answer as an XCom. One that has not published
    gets none: its task must return its manifest's address.
    """

    page: ClassVar[str]

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's path, or "" for a task that left no manifest."""
        from airflow.sdk.execution_time.xcom import XCom

        published = XCom.get_value(ti_key=ti_key, key="return_value")
        if not isinstance(published, str) or not published.endswith(f"/{MANIFEST}"):
            return ""
        return path_of(self.page, ti_key)


def path_of(page: str, ti_key: Any) -> str:
    """Return where the web server has the ``page`` of a task instance.

    Only the path: whichever name the web server goes by for who looks, the link stays there.
    """
    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    dag, run, task = (quote(text, safe="") for text in (ti_key.dag_id, ti_key.run_id, ti_key.task_id))
    mapped = "" if ti_key.map_index in (None, -1) else f"?map_index={ti_key.map_index}"
    return f"{base}{PREFIX}/dags/{dag}/runs/{run}/tasks/{task}/{page}{mapped}"


class ContactSheetLink(OutputLink):
    """The video at a glance."""

    page = "contact_sheet"
    name = "Contact sheet"


class BeforeAfterLink(OutputLink):
    """The source beside the output."""

    page = "before_after"
    name = "Before / after"


class ManifestLink(OutputLink):
    """What was made, of what, at what cost."""

    page = "manifest"
    name = "Manifest"


LINKS = (ContactSheetLink(), BeforeAfterLink(), ManifestLink())
