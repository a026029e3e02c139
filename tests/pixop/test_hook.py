"""The connection to Pixop, over a sandboxed one: who is let in, and what is said to those who are not."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from reelworks.core.errors import BadInputError, SignInRefusedError
from reelworks.pixop import api
from reelworks.pixop.hook import PixopHook
from tests.pixop.conftest import Studio

Carry = Callable[[PixopHook, Any], Any]


@pytest.fixture(params=["worker", "triggerer"])
def carry(request: pytest.FixtureRequest) -> Carry:
    if request.param == "worker":
        return lambda hook, flow: hook.answer(flow)
    return lambda hook, flow: asyncio.run(hook.aanswer(flow))


@pytest.fixture
def connect(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PixopHook]:
    def make(**changes: Any) -> PixopHook:
        monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", studio.connection(**changes))
        return PixopHook()

    return make


def test_the_connection_test_names_user_and_team_and_no_secret(studio: Studio) -> None:
    good, said = PixopHook().test_connection()

    assert good, said
    assert "Reel Works" in said
    assert "Reelworks" in said
    assert studio.access["password"] not in said


def test_a_team_is_chosen_by_its_id(studio: Studio, connect: Callable[..., PixopHook]) -> None:
    _, ours = connect().test_connection()
    good, theirs = connect(extra={"team_id": studio.access["other_team_id"]}).test_connection()

    assert good
    assert theirs != ours


def test_a_wrong_password_is_tried_once_and_named(
    studio: Studio, carry: Carry, connect: Callable[..., PixopHook]
) -> None:
    hook = connect(password=f"wrong-{studio.prefix}-{id(carry)}")
    before = studio.count("get_token")

    for _ in range(3):
        with pytest.raises(SignInRefusedError, match=r"wrong e-mail or password.*login.*password") as error:
            carry(hook, api.list_projects())
        assert "wrong-t" not in str(error.value)
        assert str(error.value).count("wrong e-mail or password") == 1
    assert studio.count("get_token") - before == 1


def test_a_team_that_is_not_the_accounts_is_named(connect: Callable[..., PixopHook]) -> None:
    good, said = connect(extra={"team_id": "nobody's"}).test_connection()

    assert not good
    assert "team_id" in said


def test_a_banned_user_is_told_so_and_signed_in_no_more(
    studio: Studio, carry: Carry, connect: Callable[..., PixopHook]
) -> None:
    # A name in the extra gives each its own session.
    hook = connect(extra={"test": f"{studio.prefix}-{id(carry)}"})
    carry(hook, api.list_projects())
    studio.settings(banned=True)
    before = studio.count("get_token")

    for _ in range(2):
        with pytest.raises(SignInRefusedError, match="suspended"):
            carry(hook, api.list_projects())
    assert studio.count("get_token") == before

    with pytest.raises(SignInRefusedError, match="suspended"):
        carry(connect(extra={"test": f"{studio.prefix}-new-{id(carry)}"}), api.list_projects())


@pytest.mark.parametrize("wrong", [{"login": None}, {"password": None}, {"login": "a:b"}])
def test_a_connection_that_cannot_work_says_what_it_lacks(
    wrong: dict[str, Any], connect: Callable[..., PixopHook]
) -> None:
    with pytest.raises(BadInputError, match="login"):
        connect(**wrong).answer(api.list_projects())


def test_the_documented_host_is_asked_if_none_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "pixop", "login": "a@b.c", "password": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", json.dumps(connection))
    hook = PixopHook()

    assert hook._address(hook.get_connection(hook.conn_id)) == (api.HOST, False)


def test_a_token_that_starts_later_is_waited_for(
    studio: Studio, carry: Carry, connect: Callable[..., PixopHook]
) -> None:
    studio.settings(token_starts_in=3)

    assert carry(connect(extra={"test": f"{studio.prefix}-{id(carry)}"}), api.create_video(studio.prefix))
