import socket

import pytest

from stack import ports
from stack.processes import StackError


def test_a_free_port_is_taken_in_silence() -> None:
    wanted = ports.free_port()
    said: list[str] = []

    assert ports.or_free(wanted, said.append) == wanted
    assert said == []


def test_a_taken_port_is_no_failure_but_is_told() -> None:
    said: list[str] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]

        chosen = ports.or_free(taken, said.append)

    assert chosen != taken
    assert ports.is_free(chosen)
    assert said == [f"Port {taken} is taken; using {chosen}."]


def test_a_port_taken_on_all_interfaces_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()

        assert not ports.is_free(listener.getsockname()[1])


def test_a_port_is_asked_for_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_PORT", raising=False)
    assert ports.asked("SOME_PORT") is None
    monkeypatch.setenv("SOME_PORT", "8081")
    assert ports.asked("SOME_PORT") == 8081


@pytest.mark.parametrize("text", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PORT", text)

    with pytest.raises(StackError, match=f"SOME_PORT={text}"):
        ports.asked("SOME_PORT")
