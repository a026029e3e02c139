"""Picks the ports: the one asked for, or a free one if that is taken."""

import os
import socket
from collections.abc import Callable

from stack.processes import StackError

HOST = "127.0.0.1"
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now, on loopback and on every address at once."""
    return _binds(HOST, port) and _binds("", port)


def free_port() -> int:
    """Find a port nobody listens on; no port is given out twice."""
    while True:
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            port = int(listener.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def asked(variable: str) -> int | None:
    """Return the port the environment asks for, or None.

    :raises StackError: what it says is not a port.
    """
    text = os.environ.get(variable)
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"{variable}={text} is not a port (1 to 65535).")
    return int(text)


def or_free(port: int, say: Callable[[str], None]) -> int:
    """Return the port, or a free one instead, and say so."""
    if is_free(port):
        return port
    other = free_port()
    say(f"Port {port} is taken; using {other}.")
    return other


def _binds(host: str, port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: without it a port counts as taken for a minute after its last connection closed.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True
