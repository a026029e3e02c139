"""Sockets on loopback: the usual port where it is free, any other where it is not."""

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


class PortBusyError(Exception):
    """A port that was asked for by number is in use."""


@dataclass(frozen=True)
class Wish:
    """Which port a service would like.

    `asked` is the user's word: None = not said, 0 = any free port, else this port and no other.
    `last` is the port the same state directory used before: clients hold its address.
    """

    usual: int
    asked: int | None = None
    last: int | None = None

    def candidates(self) -> list[int]:
        """Ports to try, best first; 0 is the system's choice."""
        if self.asked:
            return [self.asked]
        first = [self.last] if self.last else []
        return [*first, 0] if self.asked == 0 else [*first, self.usual, 0]


def listen(wish: Wish) -> socket.socket:
    """Bind and listen on the first candidate that is free.

    Raises PortBusyError when a port was asked for by number and is taken.
    """
    for port in wish.candidates():
        # With the protocol named: only then does asyncio switch Nagle's delay (40 ms an answer) off.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            continue
        listener.setblocking(False)
        return listener
    raise PortBusyError(f"port {wish.asked} on {LOOPBACK} is in use; give another, or 0 for any free port")


def find_free(wish: Wish) -> int:
    """Return a port that is free now, for a server that binds by number itself."""
    with listen(wish) as listener:
        return port_of(listener)


def find_free_ports(count: int) -> list[int]:
    """Distinct ports that are free now."""
    held = [listen(Wish(usual=0)) for _ in range(count)]
    ports = [port_of(listener) for listener in held]
    for listener in held:
        listener.close()
    return ports


def port_of(listener: socket.socket) -> int:
    """Return the port a socket is bound to."""
    return int(listener.getsockname()[1])
