import os
import socket
import subprocess
import sys

from stack import session

SERVER = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


def test_a_port_counts_only_for_the_session_that_listens_there() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        assert server.stdout
        port = int(server.stdout.readline())

        assert session.listens(server.pid, port)
        assert not session.listens(os.getpid(), port)
        with socket.create_server(("127.0.0.1", 0)) as other:
            assert not session.listens(server.pid, other.getsockname()[1])
        server.communicate("\n")
