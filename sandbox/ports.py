"""Sockets, on loopback unless told otherwise: the usual port where it is free, any other where it is not."""

import contextlib
import random
import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
BELOW_THE_CLIENTS = range(20_000, 32_768)


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


def listen(wish: Wish, host: str = LOOPBACK) -> socket.socket:
    """Bind and listen on the first candidate that is free.

    Raises PortBusyError when a port was asked for by number and is taken.
    """
    for port in wish.candidates():
        # With the protocol named: only then does asyncio switch Nagle's delay (40 ms an answer) off.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            continue
        listener.setblocking(False)
        return listener
    raise PortBusyError(f"port {wish.asked} on {host} is in use; give another, or 0 for any free port")


def find_free(wish: Wish) -> int:
    """Return a port that is free now, for a server that binds by number itself."""
    for port in wish.candidates():
        if not port:
            return find_free_ports(1)[0]
        with contextlib.suppress(PortBusyError), listen(Wish(usual=0, asked=port)):
            return port
    raise PortBusyError(f"port {wish.asked} on {LOOPBACK} is in use; give another, or 0 for any free port")


def find_free_ports(count: int) -> list[int]:
    """Distinct ports that are free now, and that no client is given before the server has bound them.

    The system's own choice would come from the range out of which it also serves outgoing connections.
    """
    found: list[int] = []
    for port in random.sample(BELOW_THE_CLIENTS, len(BELOW_THE_CLIENTS)):
        with contextlib.suppress(PortBusyError), listen(Wish(usual=0, asked=port)):
            found.append(port)
        if len(found) == count:
            return found
    raise PortBusyError(f"there are no {count} free ports from {BELOW_THE_CLIENTS[0]} to {BELOW_THE_CLIENTS[-1]}")


def port_of(listener: socket.socket) -> int:
    """Return the port a socket is bound to."""
    return int(listener.getsockname()[1])
