"""An SMTP server that keeps what it is given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.loopback import up


class Mailbox(socketserver.ThreadingTCPServer):
    """``letters`` are what has arrived; a ``silent`` one takes connections and says nothing."""

    daemon_threads = True

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters: list[EmailMessage] = []
        self.silent = silent
        self.over = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        if self.server.silent:
            self.server.over.wait(60)
            return
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            command = line.partition(" ")[0].upper()
            if command == "DATA":
                self._say("354 go on")
                self.server.letters.append(self._letter())
            self._say("221 bye" if command == "QUIT" else "250 ok")
            if command == "QUIT":
                return

    def _letter(self) -> EmailMessage:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        letter = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(letter, EmailMessage)
        return letter

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mailbox(*, silent: bool = False) -> Iterator[Mailbox]:
    with up(Mailbox(silent=silent)) as server:
        try:
            yield server
        finally:
            server.over.set()
