"""What Open Encoder's jobs leave in the server's buckets when the task that would have removed it is dead."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from reelworks.core.claim import is_claim_name
from reelworks.core.errors import BadInputError
from reelworks.media import s3
from reelworks.media.s3errors import s3_errors
from reelworks.openencoder.address import FOLDER, job_folder
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.reap.finding import Thing
from reelworks.reap.holdings import Holdings, OpenEncoderJobs

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class OpenEncoderFolders(Holdings):
    """Folders of jobs that are over, or never were: the copied source in one bucket, what was made in the other.

    What was only half uploaded counts, too. The folder of a job that goes on does not: it goes when that is cancelled.
    """

    service, kind = "openencoder", "folder"

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.hook = OpenEncoderHook(conn_id)
        self.jobs = OpenEncoderJobs(conn_id)

    def absence(self) -> str:
        """Return that the account is told of no buckets, if so: then it can have put nothing there."""
        try:
            self.hook.buckets()
        except BadInputError as error:
            return str(error)
        return ""

    def things(self) -> list[Thing]:
        """List those that are named like ours, once for both buckets."""
        names = {name for bucket in self._buckets for name in _folders(self._client, bucket)}
        return [self._thing(name, name, name, "") for name in sorted(names - self._going())]

    def objections(self, things: Collection[Thing]) -> dict[str, str]:
        """Return for which of them a job has come after all; for that the server lists all that it has ever had."""
        going = self._going()
        return {thing.id: "its job goes on" for thing in things if thing.name in going}

    def end(self, thing: Thing) -> str:
        """Delete all that is in it."""
        folders = [s3.S3Url(bucket, job_folder(thing.name)) for bucket in self._buckets]
        count = sum(s3.delete_prefix(self._client, folder) for folder in folders)
        return f"deleted: {count} objects"

    def _going(self) -> set[str]:
        return {job.name for job in self.jobs.things()}

    @cached_property
    def _buckets(self) -> tuple[str, ...]:
        buckets = self.hook.buckets()
        return tuple(dict.fromkeys((buckets.inbound, buckets.outbound)))

    @cached_property
    def _client(self) -> S3Client:
        return s3.s3_client(self.hook.buckets().aws_conn_id)


def _folders(client: S3Client, bucket: str) -> Iterator[str]:
    """Give the names of the folders in ours that hold something and that a job's claim could have made."""
    ours = s3.S3Url(bucket, f"{FOLDER}/")
    with s3_errors(client, "list", ours):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=ours.key, Delimiter="/")
        listed = {_name(row["Prefix"]) for page in pages for row in page.get("CommonPrefixes", [])}
        yield from (name for name in filter(is_claim_name, listed) if _holds(client, bucket, name))
        uploads = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=ours.key)
        begun = {_name(row["Key"]) for page in uploads for row in page.get("Uploads", [])}
        yield from filter(is_claim_name, begun - listed)


def _holds(client: S3Client, bucket: str, name: str) -> bool:
    """Say whether a folder is none by name alone: SeaweedFS shows those that were emptied, AWS does not."""
    return bool(client.list_objects_v2(Bucket=bucket, Prefix=job_folder(name), MaxKeys=1).get("Contents"))


def _name(key: str) -> str:
    return key.removeprefix(f"{FOLDER}/").partition("/")[0]
