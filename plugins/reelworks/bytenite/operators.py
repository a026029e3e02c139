"""One operator for each step of a ByteNite job, and the one that makes all the steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk.exceptions import AirflowSkipException

from reelworks.bytenite import api
from reelworks.bytenite.data import BUCKET, FILE, storage, url_source
from reelworks.bytenite.encode import DAY, ByteNiteEncodeOperator
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import cancel_job, find_job, run_once, wait_for_results
from reelworks.bytenite.presets import ByteNitePreset, match_results
from reelworks.bytenite.renditions import name_results, safe_name
from reelworks.core import metrics
from reelworks.core.claim import load_claim, new_claim
from reelworks.core.errors import BadInputError, JobFailedError
from reelworks.core.jobs import Phase
from reelworks.core.presets import load
from reelworks.core.step import StepOperator
from reelworks.media.publish import Delivery
from reelworks.media.s3 import S3Url, require_connection, s3_client
from reelworks.media.source import open_source

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = [
    "ByteNiteAbortJobOperator",
    "ByteNiteBalanceOperator",
    "ByteNiteCreateJobOperator",
    "ByteNiteEncodeOperator",
    "ByteNiteFetchResultsOperator",
    "ByteNiteRunJobOperator",
    "ByteNiteSetDestinationOperator",
    "ByteNiteSetParamsOperator",
    "ByteNiteSetSourceOperator",
]


class ByteNiteStepOperator(StepOperator):
    """A step on a ByteNite job."""

    hook_class = ByteNiteHook
    template_fields: Sequence[str] = ("job_id", "conn_id")

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id


class ByteNiteCreateJobOperator(StepOperator):
    """Creates a draft, which costs nothing, and returns its id.

    The job is called ``name`` with something unique behind it, by which a retry finds the draft it made before.
    """

    hook_class = ByteNiteHook
    template_fields = ("name", "template_id", "conn_id")

    def __init__(self, *, name: str, template_id: str = api.TEMPLATE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.template_id = template_id

    def step(self, context: Context) -> str:
        """Create the draft, or find the one an earlier try created."""
        if len(self.name.strip()) < api.SHORTEST_NAME:
            raise BadInputError(
                f"the job name {self.name!r} is too short: ByteNite wants {api.SHORTEST_NAME} characters"
            )
        store, instance = context["task_state_store"], context["ti"]
        claim = load_claim(store)
        if claim and claim.max_tries == instance.max_tries:
            found = self.service.answer(find_job(claim.name))
            if found:
                return found
        else:
            # A retry keeps its name: a draft that turns up late is found under it.
            claim = new_claim(instance, 0.0, claim, {}, label=self.name).save(store)
        return self.service.answer(api.create_job(claim.name, self.template_id))


class ByteNiteSetSourceOperator(ByteNiteStepOperator):
    """Sets where the job reads: ``s3://…`` (by a presigned link), ``https://…``, or a file's path, which it uploads.

    ``link_lifetime`` in seconds. With ``send_keys`` ByteNite reads S3 by itself, with the keys of the AWS connection,
    which it is sent; a link is the safer way.
    """

    template_fields = ("job_id", "source", "aws_conn_id", "conn_id")

    def __init__(
        self,
        *,
        source: str,
        aws_conn_id: str = "aws_default",
        link_lifetime: int = 2 * DAY,
        send_keys: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.aws_conn_id = aws_conn_id
        self.link_lifetime = link_lifetime
        self.send_keys = send_keys

    def step(self, context: Context) -> None:
        """Set it; a file is uploaded too."""
        if "://" not in self.source:
            self._upload(Path(self.source))
            return
        client = s3_client(self.aws_conn_id)
        source = url_source(open_source(self.source, client, self.link_lifetime).link)
        if self.send_keys and self.source.startswith("s3://"):
            url = S3Url.parse(self.source)
            source = _storage("s3", url.bucket, url.key, self.aws_conn_id)
        self.service.answer(api.set_data(self.job_id, source=source))

    def _upload(self, path: Path) -> None:
        if not path.is_file() or not path.stat().st_size:
            raise BadInputError(f"{path} is missing or empty: name a file that the worker can read")
        job = self.service.answer(api.set_data(self.job_id, source=FILE))
        began = time.monotonic()
        with path.open("rb") as file:
            self.service.answer(api.upload(api.upload_link(job), file, path.name))
        metrics.transferred("sent", path.stat().st_size, time.monotonic() - began)
        self.service.answer(api.complete_upload(self.job_id))


class ByteNiteSetDestinationOperator(ByteNiteStepOperator):
    """Sets where the job writes: its own temporary bucket, or a folder of a bucket of yours.

    ``kind`` is ``bucket`` (ByteNite's; links die after 48 hours), ``s3``, ``gcp`` or ``storj``. For the last three
    ``folder`` is ``bucket/path`` and the keys come from the connection ``storage_conn_id`` (login, password, and
    ``region_name`` in the extra); ByteNite is sent them.
    """

    template_fields = ("job_id", "folder", "storage_conn_id", "conn_id")

    def __init__(
        self,
        *,
        kind: Literal["bucket", "s3", "gcp", "storj"] = "bucket",
        folder: str | None = None,
        storage_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.folder = folder
        self.storage_conn_id = storage_conn_id

    def step(self, context: Context) -> None:
        """Set it."""
        if self.kind == "bucket":
            destination = BUCKET
        else:
            bucket, _, path = (self.folder or "").partition("/")
            if not bucket:
                raise BadInputError(f"a destination of kind {self.kind} wants a folder: bucket/path")
            destination = _storage(self.kind, bucket, path, self.storage_conn_id)
        self.service.answer(api.set_data(self.job_id, destination=destination))


class ByteNiteSetParamsOperator(ByteNiteStepOperator):
    """Sets the encoding parameters from a preset in ``include/presets/bytenite``; returns the preset's digest."""

    template_fields = ("job_id", "preset", "conn_id")

    def __init__(self, *, preset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.preset = preset

    def step(self, context: Context) -> str:
        """Set them."""
        preset = load("bytenite", self.preset, ByteNitePreset)
        self.service.answer(api.set_params(self.job_id, preset.params()))
        return preset.digest


class ByteNiteRunJobOperator(ByteNiteStepOperator):
    """Starts the job, which costs money; a job that was started before is left as it is. Returns its id."""

    def step(self, context: Context) -> str:
        """Start it once."""
        job = self.service.answer(api.get_job(self.job_id))
        if job.state == api.NEW:
            self.service.answer(run_once(self.job_id))
        return job.id


class ByteNiteFetchResultsOperator(ByteNiteStepOperator):
    """Puts a complete job's results below the prefix ``destination`` in S3; returns them as the fused operator does.

    With ``preset`` they are checked against it, matched by name and called by its names; otherwise they are only
    checked for being videos and keep the service's.
    """

    template_fields = ("job_id", "destination", "preset", "aws_conn_id", "conn_id")

    def __init__(
        self, *, destination: str, preset: str | None = None, aws_conn_id: str = "aws_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.preset = preset
        self.aws_conn_id = aws_conn_id

    def step(self, context: Context) -> list[dict[str, Any]]:
        """Fetch, check and publish."""
        job = self.service.answer(api.get_job(self.job_id))
        if job.phase is not Phase.SUCCEEDED:
            raise JobFailedError(f"{job}: only a complete job's results are fetched")
        results = self.service.answer(wait_for_results(self.job_id))
        renditions = load("bytenite", self.preset, ByteNitePreset).renditions(job.name) if self.preset else ()
        names = match_results(renditions, list(results)) if renditions else name_results(results)
        # Staged under the id: other people's jobs may have one name, or one that is no key.
        delivery = Delivery(s3_client(self.aws_conn_id), S3Url.parse(self.destination), safe_name(job.id))
        return delivery.publish({ours: results[theirs] for ours, theirs in names.items()}, renditions, None)


class ByteNiteAbortJobOperator(ByteNiteStepOperator):
    """Stops a job and sees that it is over; a draft is deleted. One that is over or gone is no error."""

    def step(self, context: Context) -> None:
        """Stop it."""
        self.service.answer(cancel_job(self.job_id))


class ByteNiteBalanceOperator(StepOperator):
    """Returns the available balance in ByteChips; below ``at_least`` it fails, or skips what follows."""

    hook_class = ByteNiteHook
    template_fields = ("conn_id",)

    def __init__(self, *, at_least: float = 0.0, when_low: Literal["fail", "skip"] = "fail", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.at_least = at_least
        self.when_low = when_low

    def step(self, context: Context) -> float:
        """Read it and compare."""
        available = float(self.service.answer(api.get_balance())["availableBalance"])
        if available >= self.at_least:
            return available
        message = f"ByteNite's balance is {available:g} ByteChips, below {self.at_least:g}: top it up"
        raise AirflowSkipException(message) if self.when_low == "skip" else BadInputError(message)


def _storage(kind: Literal["s3", "gcp", "storj"], bucket: str, name: str, conn_id: str) -> dict[str, Any]:
    """Read the keys where they are used; they go into the call and nowhere else."""
    connection = require_connection(conn_id)
    region = connection.extra_dejson.get("region_name")
    if not (connection.login and connection.password and region):
        raise BadInputError(f"the connection {conn_id!r} needs login, password and region_name for ByteNite to use it")
    return storage(
        kind,
        name=name,
        bucket=bucket,
        region=region,
        access_key=connection.login,
        secret_key=connection.password,
    )
