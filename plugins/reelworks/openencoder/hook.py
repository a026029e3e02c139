"""The connection to an Open Encoder server."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, RefusedError
from reelworks.core.flow import Flow
from reelworks.core.hook import VideoServiceHook
from reelworks.core.jobs import Job
from reelworks.core.session import Session
from reelworks.media import s3
from reelworks.openencoder import api
from reelworks.openencoder.account import SignIn, bearer, expired
from reelworks.openencoder.address import is_ours, key_of
from reelworks.openencoder.jobs import cancel_job, look_at_all
from reelworks.settings import setting

if TYPE_CHECKING:
    from airflow.sdk import Connection


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where the server reads and writes, and the AWS connection by which we get there."""

    inbound: str
    outbound: str
    aws_conn_id: str


class OpenEncoderHook(VideoServiceHook):
    """Talks to the server under the connection ``openencoder_default``: host, login and password.

    The server listens on plain http, port 8080; http leaves the machine only with ``"allow_http": true`` in the
    extra. The extra may also name ``inbound_bucket`` and ``outbound_bucket``, which are read from the server's settings
    otherwise (an admin may), and ``aws_conn_id`` for them (default: that of ``REELWORKS_AWS_CONN``).
    """

    conn_name_attr = "conn_id"
    default_conn_name = "openencoder_default"
    conn_type = "openencoder"
    hook_name = "Open Encoder"
    currency = "USD"
    lists_jobs = True

    def session(self, connection: Connection) -> Session:
        """Log in, and renew the token from then on."""
        if not connection.login or not connection.password:
            raise BadInputError(f"the connection {self.conn_id!r} needs a login and a password")
        return Session(SignIn(connection.login, connection.password), bearer, expired)

    def look(self, job_id: str) -> Flow[Job]:
        """Look at a job once."""
        return api.get_job(job_id)

    def look_at_all(self, wanted: Collection[str]) -> Flow[dict[str, Job]]:
        """Look at as many of the wanted jobs as a few pages of the server's list show."""
        return look_at_all(wanted)

    def cancel(self, job_id: str) -> Flow[None]:
        """Cancel a job and watch that it stays so."""
        yield from cancel_job(job_id)

    def ping(self) -> Flow[str]:
        """Say who is signed in, as what, and how many workers there are."""
        me = yield from api.get_me()
        workers = (yield from api.get_health()).get("workers")
        return f"signed in to Open Encoder as {me.get('username')} ({me.get('role')}); {workers} workers"

    def buckets(self) -> Buckets:
        """Return the buckets that the server works on.

        :raises BadInputError: neither the connection nor the server says.
        """
        extra = self.connection().extra_dejson
        inbound, outbound = extra.get("inbound_bucket"), extra.get("outbound_bucket")
        if not (inbound and outbound):
            settings = self._settings()
            inbound = inbound or settings.get("S3_INBOUND_BUCKET")
            outbound = outbound or settings.get("S3_OUTBOUND_BUCKET")
        if not (inbound and outbound):
            raise BadInputError(f"the server has no buckets set: name them in the extra of {self.conn_id!r}")
        return Buckets(inbound, outbound, extra.get("aws_conn_id") or setting("REELWORKS_AWS_CONN"))

    def leave_nothing(self, job_id: str) -> None:
        """Remove what a job of ours that is over has left in the server's buckets; other people's jobs keep theirs."""
        job = self.answer(api.read_job(job_id))
        ours = [address for address in (job["source"], job["destination"]) if is_ours(address)]
        if not ours:
            return
        buckets = self.buckets()
        client = s3.s3_client(buckets.aws_conn_id)
        if is_ours(job["source"]):
            s3.delete(client, s3.S3Url(buckets.inbound, key_of(job["source"])))
        if is_ours(job["destination"]):
            s3.delete_prefix(client, s3.S3Url(buckets.outbound, key_of(job["destination"])))

    def _settings(self) -> dict[str, str]:
        try:
            return self.answer(api.get_settings())
        except RefusedError as error:
            raise BadInputError(
                f"{error}: only an admin may read the server's settings; name inbound_bucket and outbound_bucket in "
                f"the extra of the connection {self.conn_id!r}"
            ) from None
