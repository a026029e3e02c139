"""Our pages in Airflow's web server: the pictures and the manifest of a task instance, to whoever may see it.

Airflow asks nobody who comes to a plugin's pages for a password; the dependencies below do, as for its own.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.xcom import XComModel
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from reelworks.core.errors import BadInputError, BusyError, LostError, UnreachableError, VideoServiceError
from reelworks.core.redact import redact
from reelworks.media.s3 import s3_client
from reelworks.media.url import S3Url
from reelworks.pictures.store import BEFORE_AFTER, CONTACT_SHEET
from reelworks.settings import setting
from reelworks.web.published import File, look, manifest_of, picture_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

app = FastAPI(title="Reelworks", docs_url=None, redoc_url=None, openapi_url=None)


class Page(StrEnum):
    """What there is to see."""

    contact_sheet = CONTACT_SHEET
    before_after = BEFORE_AFTER
    manifest = "manifest"


def published(
    dag_id: str,
    run_id: str,
    task_id: str,
    session: SessionDep,
    map_index: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
) -> S3Url:
    """Return the manifest's address out of the task instance's return value."""
    wanted = XComModel.get_many(
        key="return_value", run_id=run_id, dag_ids=dag_id, task_ids=task_id, map_indexes=map_index
    )
    row = session.execute(wanted.with_only_columns(XComModel.value)).first()
    return manifest_of(_value(row.value) if row else None)


@app.get(
    "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{page}",
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))],
)
def show(
    page: Page,
    manifest: Annotated[S3Url, Depends(published)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Show it; the browser may keep it, and must ask whether it still may."""
    client = _s3()
    file = look(client, manifest) if page is Page.manifest else picture_of(client, manifest, page.value)
    headers = _headers(file)
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(file.size)
    kind = "application/json" if page is Page.manifest else "image/jpeg"
    return StreamingResponse(file.chunks(), media_type=kind, headers=headers)


def _s3() -> S3Client:
    try:
        return s3_client(setting("REELWORKS_AWS_CONN"))
    except BadInputError as error:
        raise HTTPException(503, f"this web server cannot read S3: {error}") from None


@app.exception_handler(VideoServiceError)
def explain(_: Request, error: VideoServiceError) -> JSONResponse:
    """Answer with what went wrong in our own words."""
    ours = isinstance(error, BadInputError | LostError)
    status = 404 if ours else 503 if isinstance(error, UnreachableError | BusyError) else 502
    return JSONResponse({"detail": redact(str(error))}, status)


def _headers(file: File) -> dict[str, str]:
    return {
        "ETag": f'"{file.etag}"',
        "Cache-Control": "private, no-cache",
        # Whatever lies there, the browser takes it for no page of Airflow's.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def _value(kept: Any) -> Any:
    try:
        return json.loads(kept)
    except (ValueError, TypeError):
        return kept
