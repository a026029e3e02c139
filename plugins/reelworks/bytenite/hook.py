"""The connection to ByteNite."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from reelworks.bytenite import api
from reelworks.bytenite.jobs import cancel_job, look_at_all
from reelworks.core.errors import BadInputError
from reelworks.core.flow import Flow
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job
from reelworks.core.session import Session, Token

if TYPE_CHECKING:
    from airflow.sdk import Connection


class ByteNiteHook(VideoServiceHook):
    """Talks to ByteNite under the connection ``bytenite_default``.

    The password is an API key; or the extra has a ready ``access_token``, good until it expires. ByteNite wants the
    bare token in the Authorization header; ``token_prefix`` in the extra puts a word such as Bearer before it.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "bytenite_default"
    conn_type = "bytenite"
    hook_name = "ByteNite"
    default_host = api.HOST
    currency = "ByteChips"
    lists_jobs = True

    def session(self, connection: Connection) -> Session:
        """Sign in with the API key, or with the ready token."""
        key, extra = connection.password, connection.extra_dejson
        token, prefix = extra.get("access_token"), extra.get("token_prefix")
        if not key and not token:
            raise BadInputError(
                f"the connection {self.conn_id!r} has no API key: put it in the password, or a ready access_token "
                "in the extra"
            )

        def headers(value: str) -> dict[str, str]:
            return {"Authorization": f"{prefix} {value}" if prefix else value}

        return Session(lambda: api.sign_in(key) if key else _ready(str(token)), headers)

    def look(self, job_id: str) -> Flow[Job]:
        """Look at a job once."""
        return api.get_job(job_id)

    def look_at_all(self, wanted: Collection[str]) -> Flow[dict[str, Job]]:
        """Look at as many of the wanted jobs as a few pages of the account's list show."""
        return look_at_all(wanted)

    def cancel(self, job_id: str) -> Flow[None]:
        """Abort a job; a draft is deleted."""
        return cancel_job(job_id)

    def ping(self) -> Flow[str]:
        """Say whose account it is."""
        user = yield from api.get_user()
        return f"signed in to ByteNite as {user.get('displayName') or user.get('id')}"


def _ready(token: str) -> Flow[Token]:
    return Token(token)
    yield  # a flow without a step
