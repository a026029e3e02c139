"""The connection to Pixop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError
from reelworks.core.flow import Flow
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job
from reelworks.core.session import Session
from reelworks.pixop import accounts, api, jobs
from reelworks.pixop.account import bearer, sign_in
from reelworks.pixop.door import expired

if TYPE_CHECKING:
    from airflow.sdk import Connection


class PixopHook(VideoServiceHook):
    """Talks to Pixop under the connection ``pixop_default``.

    The login is the account's e-mail; ``team_id`` in the extra chooses one of its teams. The host is the documented one
    unless it is set. A token lives a quarter of an hour and is replaced in time, however long a wait or transfer takes.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "pixop_default"
    conn_type = "pixop"
    hook_name = "Pixop"
    default_host = api.HOST

    def session(self, connection: Connection) -> Session:
        """Sign in with e-mail and password, again and again."""
        email, password = connection.login, connection.password
        if not email or not password:
            raise BadInputError(
                f"the connection {self.conn_id!r} needs the account's e-mail as its login, and a password"
            )
        if ":" in email:
            raise BadInputError(
                f"the login of the connection {self.conn_id!r} has a colon in it, and is no e-mail address"
            )
        team_id = connection.extra_dejson.get("team_id")
        return Session(lambda: sign_in(email, password, str(team_id) if team_id else None), bearer, expired)

    def look(self, job_id: str) -> Flow[Job]:
        """Look at an ingest ("V") or a processing ("V/P", "/P") once; a list would not tell how far it is."""
        return jobs.look(job_id)

    def cancel(self, job_id: str) -> Flow[None]:
        """Delete a job's original with all that was made of it, or ("/P") a processing that is not over."""
        return jobs.cancel(job_id)

    def ping(self) -> Flow[str]:
        """Say whose account it is, and for which team it works."""
        account = accounts.public_account((yield from accounts.get_account()))
        return f"signed in to Pixop as {account['name'] or account['user_id']}, team {account['team']}"
