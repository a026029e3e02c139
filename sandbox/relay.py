"""Makes one port of loopback reachable at another address: SeaweedFS listens at one address with all its doors.

Only the S3 port is meant for others; the master's, the volumes' and the filer's ask for no credentials.
"""

import asyncio
import contextlib
import socket
import threading

from sandbox.ports import LOOPBACK

CHUNK = 1 << 18


class Relay:
    """Passes connections on, byte by byte.

    In a thread of its own: whoever waits for S3 in the event loop's thread would else wait for ever.
    """

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener = listener
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Take connections from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Cut what is open."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._pass_on, sock=self._listener))
        self._loop.run_forever()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass one direction on; its end closes the other side's writing, so that answers still come through."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        return
    writer.close()
