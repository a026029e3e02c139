"""Starts everything, says so, and stops everything."""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from sandbox.faults import FaultBook, Rule
from sandbox.options import Options
from sandbox.ports import LOOPBACK, Wish, listen, port_of
from sandbox.relay import Relay
from sandbox.seaweed import S3Access, S3StartError, SeaweedServer, wait_for_buckets
from sandbox.service import Ground, Running, Service
from sandbox.services import SERVICES
from sandbox.serving import Server, make_server
from sandbox.state import StateDir, write_json
from sandbox.store import Store

S3_PORT = 9000
WATCH_SECONDS = 0.5


class House:
    """One sandbox process."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._state = StateDir(options.state)
        self._weed: SeaweedServer | None = None
        self._relay: Relay | None = None
        self._info: dict[str, Any] = {"pid": os.getpid()}
        self._notes: list[str] = []
        self._ports: dict[str, int] = {}
        self._running: list[Running] = []
        self._servers: list[tuple[Server, asyncio.Task[None]]] = []

    async def live(self) -> int:
        """Start, wait for a signal, stop. Returns the exit code."""
        # A profile that is not there would stop every S3 client, and none of ours wants one.
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            os.environ.pop(name, None)
        self._state.open()
        self._state.info_file.unlink(missing_ok=True)
        _log_to(self._state)
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        try:
            await self._interruptible(self._start(), told)
            if not told.is_set():
                self._announce()
                return await self._watch(told)
            return 0
        finally:
            await self._stop()

    @staticmethod
    async def _interruptible(work: Coroutine[Any, Any, None], told: asyncio.Event) -> None:
        started, stopped = asyncio.ensure_future(work), asyncio.ensure_future(told.wait())
        await asyncio.wait([started, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if started.done():
            started.result()
        else:
            started.cancel()

    def _wish(self, name: str, usual: int) -> Wish:
        return Wish(usual=usual, asked=self._options.ports[name], last=self._state.last_ports().get(name))

    async def _start(self) -> None:
        access = self._launch_s3()
        for service in SERVICES:
            if service.name in self._options.only:
                await self._launch(service, access)
        if access is not None:
            await self._s3_ready(access)
            self._info["s3"] = {
                "endpoint": access.endpoint,
                "access_key": access.access_key,
                "secret_key": access.secret_key,
                "region": access.region,
                "filer": access.filer,  # where its log of changes is read
            }
        for running in self._running:
            await running.start()
        self._state.remember_ports(self._ports)
        write_json(self._state.info_file, self._info)

    def _launch_s3(self) -> S3Access | None:
        if self._options.s3_endpoint:
            return _foreign_s3(self._options.s3_endpoint)
        if "s3" not in self._options.only:
            return None
        wish = self._wish("s3", S3_PORT)
        if self._options.host == LOOPBACK:
            self._weed = SeaweedServer(self._state, wish)
            access = self._weed.launch()
            port = urlsplit(access.endpoint).port or 0
        else:
            self._weed = SeaweedServer(self._state, Wish(usual=0))
            access = self._weed.launch()
            listener = listen(wish, self._options.host)
            port = port_of(listener)
            self._relay = Relay(listener, urlsplit(access.endpoint).port or 0)
            self._relay.start()
        self._note_port("s3", wish, port)
        return replace(access, endpoint=self._url(port))

    def _url(self, port: int) -> str:
        return f"http://{self._options.name}:{port}"

    async def _s3_ready(self, access: S3Access) -> None:
        if self._weed is None:
            await asyncio.to_thread(wait_for_buckets, access, alive=lambda: True)
        else:
            await asyncio.to_thread(self._weed.wait_until_ready, access)

    async def _launch(self, service: Service, access: S3Access | None) -> None:
        wish = self._wish(service.name, service.usual_port)
        listener = listen(wish, self._options.host)
        port = port_of(listener)
        self._note_port(service.name, wish, port)
        ground = Ground(
            state=self._state,
            store=Store(self._state.path / f"{service.name}.db"),
            url=self._url(port),
            s3=access,
            settings=self._options.settings,
            book=self._fault_book(),
        )
        running = service.build(ground)
        server = make_server(running.app)
        self._servers.append((server, asyncio.create_task(server.serve(sockets=[listener]))))
        self._running.append(running)
        self._info[service.name] = running.info

    def _fault_book(self) -> FaultBook:
        book = FaultBook(self._options.seed)
        # Each service counts for itself, so each gets its own copies.
        book.add(*(Rule.model_validate(rule.model_dump()) for rule in self._options.rules))
        return book

    def _note_port(self, name: str, wish: Wish, port: int) -> None:
        self._ports[name] = port
        if wish.asked is None and port not in (wish.usual, wish.last):
            self._notes.append(f"port {wish.usual} is busy, so {name} is on {port}")

    def _announce(self) -> None:
        print("The sandbox is ready.")  # noqa: T201
        for name, info in self._info.items():
            if isinstance(info, dict):
                print(f"  {name:<12}{info.get('url') or info.get('endpoint')}")  # noqa: T201
        print(f"  {'credentials':<12}{self._state.info_file}")  # noqa: T201
        for note in self._notes:
            print(f"  note: {note}")  # noqa: T201
        if self._options.settings.get("instant"):
            print("  note: instant mode, nothing is encoded: results are tiny clips of the right kind")  # noqa: T201
        if self._options.rules:
            print(f"  note: {len(self._options.rules)} fault rule(s) in force")  # noqa: T201
        print("Ctrl-C stops it.", flush=True)  # noqa: T201

    async def _watch(self, told: asyncio.Event) -> int:
        while not told.is_set():
            process = self._weed.process if self._weed else None
            if process is not None and process.poll() is not None:
                raise S3StartError(f"the S3 server ended with code {process.returncode}; see s3/weed.log")
            try:
                await asyncio.wait_for(told.wait(), WATCH_SECONDS)
            except TimeoutError:
                continue
        return 0

    async def _stop(self) -> None:
        self._state.info_file.unlink(missing_ok=True)
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*(running.stop() for running in self._running), return_exceptions=True)
        tasks = [task for _, task in self._servers]
        if tasks:
            await asyncio.wait(tasks, timeout=1.5)
        if self._relay is not None:
            self._relay.stop()
        if self._weed is not None:
            self._weed.stop()


def _foreign_s3(endpoint: str) -> S3Access:
    keys = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not keys[0] or not keys[1]:
        raise S3StartError("--s3-endpoint needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return S3Access(endpoint.rstrip("/"), keys[0], keys[1], region)


def _log_to(state: StateDir) -> None:
    logging.basicConfig(
        filename=state.path / "sandbox.log", level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    # These write whole addresses, and ours carry signatures.
    for name in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(name).setLevel(logging.WARNING)
