"""Work behind one's back."""

from __future__ import annotations

import functools
import threading
import time

import pytest

from reelworks.media.backlog import LAST_WORDS, Backlog


def busy() -> tuple[Backlog, threading.Event]:
    """Return a backlog whose one thread is at a piece of work until the event is set."""
    backlog, started, go = Backlog("test", 1), threading.Event(), threading.Event()

    def first() -> None:
        started.set()
        go.wait(10)

    backlog.add(first)
    assert started.wait(10)
    return backlog, go


def test_work_is_done_in_order_while_its_giver_goes_on() -> None:
    backlog, done, go = Backlog("test", 1), list[int](), threading.Event()

    def first() -> None:
        go.wait(10)
        done.append(1)

    backlog.add(first)
    backlog.add(lambda: done.append(2))
    assert done == []
    go.set()
    backlog.settle()

    assert done == [1, 2]
    backlog.leave()


def test_two_are_done_side_by_side() -> None:
    backlog, meeting = Backlog("test", 2), threading.Barrier(2, timeout=10)

    for _ in range(20):
        backlog.add(meeting.wait)
    backlog.settle()
    began = time.monotonic()
    backlog.leave()

    assert time.monotonic() - began < LAST_WORDS  # each thread has heard of it


def test_no_more_than_one_waits() -> None:
    backlog, go, added = Backlog("test", 1), threading.Event(), threading.Event()

    def add() -> None:
        for _ in range(3):
            backlog.add(functools.partial(go.wait, 10))
        added.set()

    threading.Thread(target=add, daemon=True).start()
    assert not added.wait(0.2)
    go.set()
    assert added.wait(10)
    backlog.leave()


def test_what_goes_wrong_is_raised_later_and_ends_the_work() -> None:
    backlog, done = Backlog("test", 1), list[int]()

    def fail() -> None:
        raise ValueError("the disk is full")

    backlog.add(fail)
    with pytest.raises(ValueError, match="full"):
        backlog.settle()
    with pytest.raises(ValueError, match="full"):
        backlog.add(lambda: done.append(1))
    assert done == []
    backlog.leave()


def test_who_leaves_leaves_the_rest_undone() -> None:
    (backlog, go), done = busy(), list[int]()
    backlog.add(lambda: done.append(2))
    threading.Timer(0.1, go.set).start()
    backlog.leave()

    assert done == []
    assert not any(thread.name.startswith("test") for thread in threading.enumerate())


def test_what_is_busy_for_longer_than_its_last_words_ends_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelworks.media.backlog.LAST_WORDS", 0.05)
    (backlog, go), done = busy(), list[int]()
    backlog.add(lambda: done.append(2))  # there is no room to tell the thread of the end
    backlog.leave()
    (thread,) = (thread for thread in threading.enumerate() if thread.name.startswith("test"))
    go.set()
    thread.join(10)

    assert not thread.is_alive()
    assert done == []


def test_what_comes_after_the_end_is_not_begun() -> None:
    backlog, done = Backlog("test", 1), list[int]()
    backlog.leave()

    backlog.add(lambda: done.append(1))

    assert not any(thread.name.startswith("test") for thread in threading.enumerate())
    assert done == []


def test_one_without_work_has_no_thread() -> None:
    backlog = Backlog("test", 1)

    backlog.settle()
    backlog.leave()

    assert not any(thread.name.startswith("test") for thread in threading.enumerate())
