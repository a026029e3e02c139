"""The endpoints. Each is one method; the contract's words are kept."""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from sandbox.bytenite import jobs as states
from sandbox.bytenite.bodies import read_name, read_params, read_places, read_template
from sandbox.bytenite.bucket import Bucket
from sandbox.bytenite.engine import Engine
from sandbox.bytenite.jobs import TEMPLATE, Job, JobBook
from sandbox.bytenite.lengths import Lengths
from sandbox.bytenite.listing import filtered, page, page_of_body, page_of_query
from sandbox.bytenite.places import STORES, Places
from sandbox.bytenite.replies import RefusedError, generic, read_object
from sandbox.bytenite.settings import Settings
from sandbox.bytenite.tokens import Tokens
from sandbox.bytenite.wallet import ACCOUNT, Wallet, price


@dataclass
class Context:
    """What the endpoints work with."""

    jobs: JobBook
    tokens: Tokens
    wallet: Wallet
    bucket: Bucket
    places: Places
    engine: Engine
    settings: Settings
    lengths: Lengths


class Api:
    """Generation 1 of ByteNite's customer API."""

    def __init__(self, context: Context) -> None:
        self._ = context

    async def access_token(self, request: Request) -> JSONResponse:
        """Exchange the API key."""
        body = await read_object(request)
        lifetime = self._.settings.token_lifetime
        return JSONResponse(self._.tokens.exchange(body.get("apiKey", body.get("api_key")), lifetime=lifetime))

    async def get_user(self) -> JSONResponse:
        """Say who the token belongs to."""
        user = {
            "id": ACCOUNT,
            "createdAt": "2023-01-04T16:35:26.928Z",
            "lastLogin": "2023-03-15T17:13:45.913Z",
            "displayName": "sandbox",
            "email": "sandbox@localhost",
            "phoneNumber": "",
            "photoUrl": "",
            "providerId": "firebase",
            "emailVerified": True,
            "customClaims": {},
        }
        return JSONResponse({"user": user})

    async def sign_out(self, request: Request) -> JSONResponse:
        """Void the token this call came with."""
        self._.tokens.sign_out(request.state.token_id)
        return JSONResponse(generic(ok=True))

    async def get_balance(self) -> JSONResponse:
        """Show the wallet."""
        return JSONResponse(self._.wallet.as_reply())

    async def create_job(self, request: Request) -> JSONResponse:
        """Make a draft, or change one when `jobId` names it; source, destination, params may come along."""
        body = await read_object(request)
        name, template = read_name(body.get("name")), read_template(body.get("templateId", body.get("template_id")))
        parts = read_places(body)
        params = None if body.get("params") is None else read_params(body["params"])
        known = body.get("jobId") or body.get("job_id")
        if known:
            job = self._draft(str(known))
            job.name, job.template_id = name, template
        else:
            job = self._.jobs.create(name=name, template_id=template, now=time.time())
        job.params = params or job.params
        self._place(job, *parts)
        return self._job(job)

    async def set_datasource(self, request: Request, job_id: str) -> JSONResponse:
        """Set source, destination or both; the one not sent stays."""
        body = await read_object(request)
        self._place(job := self._draft(job_id), *read_places(body))
        return self._job(job)

    async def set_params(self, request: Request, job_id: str) -> JSONResponse:
        """Set what is to be made."""
        body = await read_object(request)
        job = self._draft(job_id)
        job.params = read_params(body)
        self._.jobs.save(job)
        return self._job(job)

    async def upload_completed(self, request: Request, job_id: str) -> JSONResponse:
        """Say that the source file is there."""
        await read_object(request)
        job = self._draft(job_id, plain=False)
        if (job.source or {}).get("dataSourceDescriptor") != "file":
            raise RefusedError(400, "the data source of this job is not a file", plain=False)
        if not self._.bucket.upload_file(job).exists():
            raise RefusedError(400, "no file was uploaded", plain=False)
        job.uploaded = True
        self._.jobs.save(job)
        return JSONResponse(generic(ok=True))

    async def estimate_job(self, job_id: str) -> JSONResponse:
        """Say what running the job would cost."""
        job = self._.jobs.get(job_id)
        if job.source is None or job.params is None:
            raise RefusedError(400, "data source and params must be set before an estimation")
        minutes = await self._minutes_of(job)
        return JSONResponse(
            {"estimation": {"totalEstimation": str(self._price(job, minutes)), "numUnits": str(minutes)}}
        )

    async def run_job(self, request: Request, job_id: str) -> JSONResponse:
        """Start and pay a job, once."""
        await read_object(request)
        # Two calls at the same time must not both find a draft.
        async with self._.jobs.lock(job_id):
            job = self._draft(job_id, plain=False)
            self._check_complete(job)
            minutes = await self._minutes_of(job)
            amount = self._price(job, minutes)
            if not self._.wallet.covers(amount):
                raise RefusedError(400, f"insufficient balance: the job costs {amount}", plain=False)
            self._begin(job, minutes, amount)
        return JSONResponse(generic(ok=True))

    def _check_complete(self, job: Job) -> None:
        missing = "dataSource" if job.source is None else "params" if job.params is None else None
        if missing:
            raise RefusedError(400, f"{missing} is not set", plain=False)
        if (job.source or {}).get("dataSourceDescriptor") == "file" and not job.uploaded:
            raise RefusedError(400, "the upload is not completed", plain=False)

    def _begin(self, job: Job, minutes: int, amount: int) -> None:
        settings = self._.settings
        job.started_at = time.time()
        job.state, job.amount, job.units = states.PARTITIONING, amount, minutes
        job.instant = settings.instant or settings.synthetic_size > 0
        if settings.fail_next:
            job.doomed = settings.fail_message
            settings.fail_next -= 1
        self._.jobs.save(job)
        self._.engine.start(job)

    async def get_job(self, job_id: str) -> JSONResponse:
        """Show a job."""
        return self._job(self._.jobs.get(job_id))

    async def get_results(self, job_id: str) -> JSONResponse:
        """Show links to the results; where there are none, as before the end, in the way that is set."""
        job, settings = self._.jobs.get(job_id), self._.settings
        late = time.time() < (job.completed_at or 0) + settings.results_late
        if late or (job.state != states.COMPLETE and not job.results):
            kind = settings.results_before_done
            if kind == "404":
                raise RefusedError(404, "results not found")
            return JSONResponse({"results": None if kind == "null" else []})
        links = [
            {"name": result["name"], "link": await self._link(job, number, result)}
            for number, result in enumerate(job.results)
        ]
        return JSONResponse({"results": links})

    async def _link(self, job: Job, number: int, result: dict[str, Any]) -> str:
        destination = job.destination or {}
        if destination.get("dataSourceDescriptor") not in STORES:
            return self._.bucket.result_link(job, number)
        seconds = max(1, min(7 * 86400, math.ceil(self._.settings.link_lifetime)))
        return await asyncio.to_thread(self._.places.object_link, destination["params"], result["key"], seconds=seconds)

    async def list_jobs(self, request: Request) -> JSONResponse:
        """List jobs, the newest first unless ordered otherwise."""
        return JSONResponse(page(self._.jobs.listed(), page_of_query(request.query_params)))

    async def filter_jobs(self, request: Request) -> JSONResponse:
        """List the jobs that pass a filter."""
        body = await read_object(request)
        return JSONResponse(page(filtered(self._.jobs.listed(), body), page_of_body(body)))

    async def list_templates(self) -> JSONResponse:
        """List what can be run."""
        return JSONResponse({"data": [TEMPLATE]})

    async def abort_job(self, request: Request, job_id: str) -> JSONResponse:
        """Stop a job; one that was never run is deleted."""
        await read_object(request)
        async with self._.jobs.lock(job_id):
            job = self._.jobs.get(job_id, plain=False)
            if job.state == states.NEW:
                self._delete(job)
                return JSONResponse(generic(ok=True))
            if job.state not in states.AT_WORK:
                raise RefusedError(400, f"job is not running: {job.state}", plain=False)
            await self._abort(job)
        return JSONResponse(generic(ok=True))

    async def _abort(self, job: Job) -> None:
        await self._.engine.end(job)
        if job.state in states.AT_WORK:
            job.state, job.ended_at = states.ABORTED, time.time()
            self._.jobs.save(job)

    async def delete_job(self, job_id: str) -> JSONResponse:
        """Delete a job, its work and its files."""
        async with self._.jobs.lock(job_id):
            job = self._.jobs.get(job_id, plain=False)
            if job.state in states.AT_WORK:
                await self._abort(job)
            self._delete(job)
        return JSONResponse(generic(ok=True))

    def _delete(self, job: Job) -> None:
        job.deleted = True
        self._.jobs.save(job)
        self._.bucket.drop(job)

    async def rename_job(self, request: Request, job_id: str) -> JSONResponse:
        """Give a job another name."""
        body = await read_object(request)
        job = self._.jobs.get(job_id)
        job.name = read_name(body.get("name", body.get("jobName")))
        self._.jobs.save(job)
        return self._job(job)

    def _draft(self, job_id: str, *, plain: bool = True) -> Job:
        job = self._.jobs.get(job_id, plain=plain)
        if job.state != states.NEW:
            raise RefusedError(400, f"job was started already: {job.state}", plain=plain)
        return job

    def _place(self, job: Job, source: dict[str, Any] | None, destination: dict[str, Any] | None) -> None:
        if source is not None:
            job.source, job.uploaded = source, False
            if source["dataSourceDescriptor"] == "file":
                source["params"]["tempUrl"] = self._.bucket.upload_link(job)
        job.destination = destination or job.destination
        self._.jobs.save(job)

    def _price(self, job: Job, minutes: int) -> int:
        return price((job.params or {})["data"], minutes=minutes, factor=self._.settings.price_factor)

    async def _minutes_of(self, job: Job) -> int:
        if self._.settings.instant or self._.settings.synthetic_size:
            return 1
        return await self._.lengths.minutes(job)

    @staticmethod
    def _job(job: Job) -> JSONResponse:
        return JSONResponse({"job": job.as_reply(), "templateInfo": TEMPLATE})
