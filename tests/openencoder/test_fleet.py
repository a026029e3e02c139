"""Machines: noted before they are asked for, found again, deleted until they are gone."""

from typing import Any

import pytest

from reelworks.core.errors import BadInputError, RefusedError, UnreachableError
from reelworks.core.flow import Call, Reply
from reelworks.openencoder.fleet import Fleet, disband, price_of, raise_fleet, survey
from tests.conversation import Talk, reply
from tests.openencoder.recorded import recorded

SIZE = "s-1vcpu-1gb"


class Cloud(Talk):
    """Rents and returns machines; ``lost`` creates go unanswered, ``late`` ones show after so many lists.

    ``stubborn`` machines stay although their deletion is accepted, that of ``broken`` ones is refused.
    """

    def __init__(self, *there: int) -> None:
        super().__init__()
        self.there = {number: SIZE for number in there}
        self.lost = False
        self.late: list[int] = []
        self.lists_until_late = 3
        self.stubborn: set[int] = set()
        self.broken: set[int] = set()

    def _line(self, step: Any) -> Any:
        return self._answer(step) if isinstance(step, Call) else super()._line(step)

    def _answer(self, call: Call) -> Reply | Exception:
        if call.path.endswith("/sizes"):
            return recorded("machines: sizes")
        if call.method == "DELETE":
            number = int(call.path.rpartition("/")[2])
            if number not in self.there or number in self.broken:
                return recorded("machines: delete an unknown one")
            if number not in self.stubborn:
                del self.there[number]
            return reply({"machine": {"id": number, "provider": "digitalocean"}})
        if call.method == "POST":
            made = [max(self.there, default=100) + n + 1 for n in range(call.json["count"])]
            self.there.update(dict.fromkeys(made, SIZE))
            return UnreachableError("reset") if self.lost else reply({"machine": [{"id": number} for number in made]})
        self.lists_until_late -= 1
        if self.lists_until_late == 0:
            self.there.update(dict.fromkeys(self.late, SIZE))
        rows = [{"id": number, "size_slug": size} for number, size in self.there.items()]
        return reply({"machines": rows or None})


def test_machines_are_created_once_and_remembered() -> None:
    cloud = Cloud(1, 2)

    fleet = cloud.hear(raise_fleet(cloud.hear(survey("digitalocean", SIZE, 2)), again=False))

    assert fleet == Fleet("digitalocean", SIZE, 2, before=[1, 2], machines=[3, 4], sure=True)
    assert cloud.hear(raise_fleet(fleet, again=True)) == fleet
    assert sorted(cloud.there) == [1, 2, 3, 4]


def test_a_create_whose_answer_was_lost_is_found_again_and_not_repeated() -> None:
    cloud = Cloud(1)
    fleet = cloud.hear(survey("digitalocean", SIZE, 2))
    cloud.lost = True
    with pytest.raises(UnreachableError):
        cloud.hear(raise_fleet(fleet, again=False))
    cloud.lost = False

    again = cloud.hear(raise_fleet(fleet, again=True))

    assert again.machines == [2, 3]
    assert sorted(cloud.there) == [1, 2, 3]


def test_a_teardown_finds_machines_that_nobody_heard_of_even_late_ones() -> None:
    cloud = Cloud(1)
    fleet = cloud.hear(survey("digitalocean", SIZE, 2))
    cloud.late = [8, 9]
    cloud.lists_until_late = 3

    assert cloud.hear(disband(fleet)) == [8, 9]
    assert sorted(cloud.there) == [1]


def test_other_peoples_machines_are_left_alone() -> None:
    cloud = Cloud(1)
    fleet = cloud.hear(raise_fleet(cloud.hear(survey("digitalocean", SIZE, 1)), again=False))
    cloud.there |= {50: SIZE, 51: "s-8vcpu"}

    assert cloud.hear(disband(fleet)) == [2]
    assert sorted(cloud.there) == [1, 50, 51]


def test_machines_that_are_gone_are_no_error() -> None:
    cloud = Cloud(1)
    assert cloud.hear(disband(Fleet("", "", 0, [], [7, 8], sure=True))) == []


def test_machines_that_do_not_go_are_told_of() -> None:
    cloud = Cloud(7)
    cloud.stubborn = {7}
    with pytest.raises(RefusedError, match=r"\[7\] are still there"):
        cloud.hear(disband(Fleet("", "", 0, [], [7], sure=True)))


def test_one_machine_that_cannot_be_deleted_keeps_no_other_alive() -> None:
    cloud = Cloud(7, 8, 9)
    cloud.broken = {7}
    with pytest.raises(RefusedError, match=r"\[7\] are still there \(DELETE /api/machines/7 answered 401"):
        cloud.hear(disband(Fleet("", "", 0, [], [7, 8, 9], sure=True)))
    assert sorted(cloud.there) == [7]


def test_a_second_survey_keeps_what_an_earlier_fleet_had_made() -> None:
    cloud = Cloud(1, 2, 3)
    earlier = Fleet("", SIZE, 2, before=[1], machines=[3, 4], sure=True)

    fleet = cloud.hear(survey("digitalocean", SIZE, 2, earlier))

    assert fleet == Fleet("digitalocean", SIZE, 2, before=[1, 2], machines=[3], sure=False)


@pytest.mark.parametrize(("size", "count"), [("nope", 1), (SIZE, 0), (SIZE, 11)])
def test_what_cannot_be_rented_is_refused_before_it_is_asked_for(size: str, count: int) -> None:
    cloud = Cloud()
    with pytest.raises(BadInputError):
        cloud.hear(survey("digitalocean", size, count))
    assert not [call for call in cloud.calls if call.method == "POST"]


def test_the_price_is_one_machines_share() -> None:
    assert Talk([recorded("machines: pricing")]).hear(price_of(3600)) == "0.007440"


def test_no_price_is_no_failure() -> None:
    label = "machines, nothing configured: GET /api/machines"
    assert Talk([recorded(label)]).hear(price_of(3600)) is None
    assert Talk([reply({"pricing": {"count": 0, "price_hourly": 0}})]).hear(price_of(3600)) is None
