"""The temporary bucket: uploads come in and results go out by signed links that expire."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from sandbox.bytenite.blobs import Blob, FileBlob, SyntheticBlob, stream
from sandbox.bytenite.jobs import Job, JobBook
from sandbox.bytenite.settings import Settings
from sandbox.state import StateDir

MAX_UPLOAD = 1 << 40


class Bucket:
    """Files of jobs, below the state directory."""

    def __init__(self, *, state: StateDir, url: str, jobs: JobBook, settings: Callable[[], Settings]) -> None:
        self._root = state.folder("bytenite", "bucket")
        self._state = state
        self._key = state.secret("bytenite_link_key").encode()
        self._url = url
        self._jobs = jobs
        self._settings = settings

    def folder(self, job: Job) -> Path:
        """Return a job's folder, made if missing."""
        return self._state.folder("bytenite", "bucket", job.id)

    def upload_file(self, job: Job) -> Path:
        """Return where an upload is kept."""
        return self.folder(job) / "upload"

    def blob(self, result: dict[str, Any]) -> Blob:
        """Return a result's bytes."""
        path = self._state.path / result["file"]
        if result.get("synthetic"):
            return SyntheticBlob(seed=result["seed"], total=result["synthetic"], clip=path.read_bytes())
        return FileBlob(path)

    def upload_link(self, job: Job) -> str:
        """Return the link that takes a PUT."""
        return self._signed("PUT", f"/temporary-uploads/{job.id}", time.time() + self._settings().link_lifetime)

    def result_link(self, job: Job, number: int) -> str:
        """Return a link to a result; it dies with the file at the latest."""
        # The path holds no result name: `..` in a path is folded away by most HTTP clients.
        settings = self._settings()
        until = min(time.time() + settings.link_lifetime, (job.completed_at or 0) + settings.file_lifetime)
        return self._signed("GET", f"/temporary-bucket/{job.id}/{number}.mp4", until)

    def _signed(self, method: str, path: str, until: float) -> str:
        expires = f"{until:.3f}"
        return f"{self._url}{path}?X-Expires={expires}&X-Signature={self._signature(method, path, expires)}"

    def _signature(self, method: str, path: str, expires: str) -> str:
        return hmac.new(self._key, f"{method}\n{path}\n{expires}".encode(), hashlib.sha256).hexdigest()

    def _refusal(self, request: Request, method: str) -> Response | None:
        expires = request.query_params.get("X-Expires", "")
        given = request.query_params.get("X-Signature", "")
        right = self._signature(method, request.url.path, expires)
        if not hmac.compare_digest(given.encode(), right.encode()):
            return _xml(403, "SignatureDoesNotMatch", "Access denied.")
        if float(expires) <= time.time():
            return _xml(403, "ExpiredToken", "Invalid argument.")
        return None

    async def take_upload(self, request: Request, job_id: str) -> Response:
        """Take the raw bytes of a source file; what was there before is replaced when all have come."""
        if refusal := self._refusal(request, "PUT"):
            return refusal
        job = self._jobs.find(job_id)
        if job is None or job.deleted or job.was_run:
            return _xml(404, "NoSuchUpload", "The upload does not exist.")
        target = self.upload_file(job)
        draft = target.with_name(f"upload.{time.time_ns()}")
        size, md5 = 0, hashlib.md5(usedforsecurity=False)
        try:
            with draft.open("wb") as file:
                async for block in request.stream():
                    size += len(block)
                    md5.update(block)
                    file.write(block)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return Response(status_code=200, headers={"etag": f'"{md5.hexdigest()}"'})

    async def give_result(self, request: Request, job_id: str, number: str) -> Response:
        """Serve a result, whole or in part."""
        if refusal := self._refusal(request, "GET"):
            return refusal
        job = self._jobs.find(job_id)
        index = int(number) if number.isdecimal() and len(number) < 6 else -1
        if job is None or job.deleted or not 0 <= index < len(job.results):
            return _xml(404, "NoSuchKey", "The specified key does not exist.")
        result = job.results[index]
        try:
            blob = self.blob(result)
            return _serve(request, blob, blob.size, result)
        except FileNotFoundError:
            return _xml(404, "NoSuchKey", "The specified key does not exist.")

    def sweep(self) -> None:
        """Delete files whose time is over."""
        too_old = time.time() - self._settings().file_lifetime
        for job in self._jobs.everything():
            if job.results and (job.completed_at or too_old) < too_old:
                self.drop(job)

    def drop(self, job: Job) -> None:
        """Delete a job's files."""
        folder = self._root / job.id
        for path in folder.glob("*"):
            path.unlink(missing_ok=True)
        if folder.exists():
            folder.rmdir()


def _serve(request: Request, blob: Blob, size: int, result: dict[str, Any]) -> Response:
    etag = f'"{result["etag"]}"'
    headers = {
        "accept-ranges": "bytes",
        "etag": etag,
        "content-type": "video/mp4",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(result['name'].split('/')[-1], safe='')}",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    part = None
    if request.headers.get("if-range", etag) == etag:
        part = parse_range(request.headers.get("range", ""), size)
    if part == "unsatisfiable":
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    start, end = part if isinstance(part, tuple) else (0, size - 1)
    headers["content-length"] = str(end - start + 1)
    if isinstance(part, tuple):
        headers["content-range"] = f"bytes {start}-{end}/{size}"
    status = 206 if isinstance(part, tuple) else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(stream(blob, start, end - start + 1), status_code=status, headers=headers)


def parse_range(header: str, size: int) -> tuple[int, int] | str | None:
    """Return first and last byte; None for no range (or one that may be ignored), else "unsatisfiable"."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        count = int(match[2])
        return (max(0, size - count), size - 1) if count else "unsatisfiable"
    start = int(match[1])
    end = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < start:
        return None
    return (start, end) if start < size else "unsatisfiable"


def _xml(status: int, code: str, message: str) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status_code=status, media_type="application/xml; charset=UTF-8")
