"""Looking at, finding, starting and deleting Pixop's videos, at a server that keeps them in a table."""

from typing import Any

import pytest

from reelworks.core.errors import BadInputError, LostError, RefusedError, UnreachableError
from reelworks.core.flow import Call, Reply
from reelworks.core.jobs import Phase
from reelworks.pixop import jobs
from reelworks.pixop.calls import PAGE
from tests.conversation import Clock, Talk, reply

GONE = reply({"exception": "NotFoundException", "errorMessage": "no such video"}, 404)
LOST = UnreachableError("the answer was lost")


class Server:
    """Answers by its videos. ``troubles`` come, by method, in place of an answer to what was done all the same.

    What is made of an original is listed from ``shown_at`` on.
    """

    def __init__(self, **videos: dict[str, Any]) -> None:
        self.videos = {
            name: {"name": name, "parentId": None, "ingest": None, "state": None, **video}
            for name, video in videos.items()
        }
        self.troubles: dict[str, list[Exception | Reply]] = {}
        self.deaf = False
        self.shown_at = 0.0
        self.clock = Clock()
        self.deleted: list[str] = []
        self.sent: list[str] = []

    def __call__(self, call: Call) -> Reply | Exception:
        trouble = self.troubles.get(call.method) or []
        said = trouble.pop(0) if trouble else None
        return said if said is not None and self.deaf else self._after(said, self._answer(call))

    def _after(self, said: Reply | Exception | None, answer: Reply) -> Reply | Exception:
        return answer if said is None else said

    def _answer(self, call: Call) -> Reply:
        what, video_id = call.path.removeprefix("/videos/v1/").partition("/")[::2]
        if call.method != "GET":
            self.sent.append(f"{call.method} {what}")
        if what == "videos":
            return self._list((call.query or {}).get("parent-id"))
        if call.method == "PUT":
            return self._made(call.json["name"], None, "videoId")
        if video_id not in self.videos:
            return GONE
        if what == "process-video":
            return self._made(f"{video_id}-made", video_id, "processedVideoId")
        if call.method == "DELETE":
            return self._delete(video_id)
        return self._show(what, video_id)

    def _show(self, what: str, video_id: str) -> Reply:
        video = self.videos[video_id]
        ingestion = {"ingestionState": video["ingest"] and {"ingestionStatus": video["ingest"]}}
        processing = {"processingState": video["state"] and {"processingStatus": video["state"]}}
        if what == "video":
            return reply({"video": {"id": video_id, "ingestion": ingestion, "processing": processing}})
        return reply({"videoId": video_id, **(ingestion if "ingest" in what else processing)})

    def _list(self, parent: str | None) -> Reply:
        rows = [
            {"id": video_id, "name": video["name"], "parentId": video["parentId"]}
            for video_id, video in self.videos.items()
            if parent is None or (video["parentId"] == parent and self.clock() >= self.shown_at)
        ]
        return reply({"_embedded": {"videos": rows}})

    def _made(self, name: str, parent: str | None, key: str) -> Reply:
        video_id = f"n{len(self.videos)}"
        self.videos[video_id] = {"name": name, "parentId": parent, "ingest": None, "state": None}
        return reply({key: video_id})

    def _delete(self, video_id: str) -> Reply:
        gone = [each for each, video in self.videos.items() if video_id in (each, video["parentId"])]
        for each in gone:
            del self.videos[each]
        self.deleted += gone
        return reply({"deletedVideos": [{"videoId": each} for each in gone]})


@pytest.mark.parametrize("job_id", ["", "/", "a/", "a/b/c", "//b"])
def test_what_is_no_job_id_is_said_to_be_none(job_id: str) -> None:
    with pytest.raises(BadInputError, match="no job"):
        Talk().hear(jobs.look(job_id))


def test_a_job_is_looked_at_where_its_id_says() -> None:
    server = Server(v={"ingest": "DONE", "state": "ERROR"}, p={"parentId": "v", "state": "RUNNING", "ingest": "DONE"})

    ingest, owned, alone = (Talk(server).hear(jobs.look(job_id)) for job_id in ("v", "v/p", "/p"))

    assert (ingest.id, ingest.phase) == ("v", Phase.SUCCEEDED)
    assert (owned.id, owned.phase) == ("v/p", Phase.RUNNING)
    assert (alone.id, alone.phase) == ("/p", Phase.RUNNING)
    with pytest.raises(LostError):
        Talk(server).hear(jobs.look("v/gone"))


@pytest.mark.parametrize("job_id", ["v", "v/p", "v/gone"])
@pytest.mark.parametrize("state", [None, "RUNNING", "DONE", "ERROR"])
def test_a_cancelled_job_leaves_neither_its_original_nor_what_was_made_of_it(job_id: str, state: str | None) -> None:
    server = Server(v={"ingest": "DONE"}, p={"parentId": "v", "state": state}, other={})

    Talk(server).hear(jobs.cancel(job_id))

    assert set(server.videos) == {"other"}
    assert server.sent == ["DELETE video"]


@pytest.mark.parametrize(("state", "left"), [(None, False), ("RUNNING", False), ("DONE", True), ("ERROR", True)])
def test_a_processing_alone_is_deleted_only_while_it_is_not_over(state: str | None, left: bool) -> None:
    server = Server(v={}, p={"parentId": "v", "state": state})

    Talk(server).hear(jobs.cancel("/p"))

    assert ("p" in server.videos) is left
    assert "v" in server.videos


@pytest.mark.parametrize("job_id", ["gone", "gone/p", "/gone"])
def test_a_job_that_is_gone_is_cancelled(job_id: str) -> None:
    server = Server()

    Talk(server).hear(jobs.cancel(job_id))

    assert server.sent == []


def test_an_original_that_is_taken_for_a_processing_is_left_alone() -> None:
    server = Server(v={"ingest": "DONE"}, p={"parentId": "v", "state": "DONE"})

    with pytest.raises(BadInputError, match="is an original"):
        Talk(server).hear(jobs.cancel("/v"))
    assert server.deleted == []


@pytest.mark.parametrize("troubles", [{"GET": [GONE, GONE]}, {"DELETE": [GONE]}])
def test_a_gateways_404_does_not_pass_for_a_deletion(troubles: dict[str, list[Any]]) -> None:
    server = Server(v={})
    server.troubles, server.deaf = troubles, True

    assert Talk(server).hear(jobs.remove_video("v")) == ["v"]
    assert server.videos == {}


@pytest.mark.parametrize("deaf", [True, False])
def test_a_deletion_whose_answer_is_lost_is_seen_through(deaf: bool) -> None:
    server = Server(v={})
    server.troubles, server.deaf = {"DELETE": [LOST, reply({}, 503)]}, deaf

    Talk(server).hear(jobs.remove_video("v"))

    assert server.videos == {}


def test_a_deletion_that_is_refused_is_no_success() -> None:
    server = Server(v={})
    server.troubles, server.deaf = {"DELETE": [reply({"errorMessage": "locked"}, 409)] * 9}, True

    with pytest.raises(RefusedError, match="locked"):
        Talk(server).hear(jobs.remove_video("v"))


def test_a_video_that_stays_although_it_was_deleted_is_no_success() -> None:
    server = Server(v={})
    server.troubles, server.deaf = {"DELETE": [reply({"deletedVideos": [{"videoId": "v"}]})] * 9}, True

    with pytest.raises(UnreachableError, match="although it was deleted"):
        Talk(server).hear(jobs.remove_video("v"))


def test_a_video_is_found_by_its_name_and_what_was_made_of_it_is_not() -> None:
    server = Server(v={"name": "mine"}, p={"name": "mine", "parentId": "v"}, w={"name": "other"})

    assert Talk(server).hear(jobs.find_video("mine")) == "v"
    assert Talk(server).hear(jobs.find_video("nobody's")) is None
    assert server.deleted == []


@pytest.mark.parametrize("further", [{"ingest": "DONE"}, {"ingest": "RUNNING"}])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_videos_the_one_that_got_furthest_stays(further: dict[str, Any], order: int) -> None:
    videos = [("ahead", {"name": "n", **further}), ("behind", {"name": "n", "ingest": "ERROR"})][::order]
    server = Server(**dict(videos))

    assert Talk(server).hear(jobs.find_video("n")) == "ahead"
    assert server.deleted == ["behind"]


def test_of_two_videos_the_one_that_something_is_made_of_stays() -> None:
    server = Server(a={"name": "n", "ingest": "DONE"}, b={"name": "n"}, p={"parentId": "b"})

    assert Talk(server).hear(jobs.find_video("n")) == "b"
    assert server.deleted == ["a"]


def test_a_video_that_slid_off_its_page_is_found_by_a_second_look() -> None:
    others = [{"id": f"o{number}", "name": "o"} for number in range(PAGE + 1)]
    first = reply({"_embedded": {"videos": others}})
    second = reply({"_embedded": {"videos": [*others, {"id": "v", "name": "mine"}]}})

    assert Talk([first, second]).hear(jobs.find_video("mine")) == "v"


@pytest.mark.parametrize("deaf", [True, False])
def test_a_video_whose_answer_is_lost_is_made_once(deaf: bool) -> None:
    server = Server()
    server.troubles, server.deaf = {"PUT": [LOST]}, deaf

    made = Talk(server).hear(jobs.make_video("mine"))

    assert [video["name"] for video in server.videos.values()] == ["mine"]
    assert list(server.videos) == [made]


def test_a_processing_whose_answer_is_lost_is_found_and_not_paid_twice() -> None:
    server = Server(v={"ingest": "DONE"})
    server.troubles = {"POST": [LOST]}

    made = Talk(server).hear(jobs.send_processing("v", {}))

    assert server.videos[made]["parentId"] == "v"
    assert server.sent == ["POST process-video"]


def test_a_processing_that_shows_long_after_its_answer_was_lost_is_taken() -> None:
    server = Server(v={"ingest": "DONE"})
    server.troubles, server.shown_at = {"POST": [LOST]}, server.clock() + 60

    made = Talk(server, server.clock).hear(jobs.send_processing("v", {}, clock=server.clock))

    assert server.videos[made]["parentId"] == "v"
    assert server.sent == ["POST process-video"]


def test_a_processing_that_never_shows_is_not_sent_again() -> None:
    server = Server(v={"ingest": "DONE"})
    server.troubles, server.deaf = {"POST": [LOST]}, True

    talk = Talk(server, server.clock)
    with pytest.raises(UnreachableError):
        talk.hear(jobs.send_processing("v", {}, clock=server.clock))
    assert [call.method for call in talk.calls].count("POST") == 1
    assert sum(talk.sleeps) == pytest.approx(jobs.LANDING)


def test_a_processing_that_an_earlier_try_has_just_sent_is_waited_for() -> None:
    server = Server(v={"ingest": "DONE"}, p={"parentId": "v"})
    server.shown_at = server.clock() + 20
    sent = server.clock() - 1

    assert Talk(server, server.clock).hear(jobs.landed("v", sent=sent, clock=server.clock)) == "p"


@pytest.mark.parametrize("sent", [0.0, 1_000.0 - jobs.LANDING])
def test_a_processing_that_was_never_sent_or_long_ago_is_not_waited_for(sent: float) -> None:
    server = Server(v={"ingest": "DONE"})
    talk = Talk(server, server.clock)

    assert talk.hear(jobs.landed("v", sent=sent, clock=server.clock)) is None
    assert talk.sleeps == []


def test_a_processing_of_somebody_elses_is_not_taken() -> None:
    server = Server(v={}, p={"parentId": "v", "state": "DONE"})

    assert Talk(server).hear(jobs.landed("v", known=["p"])) is None


def test_of_several_processings_the_one_that_got_furthest_is_taken() -> None:
    server = Server(
        v={}, a={"parentId": "v", "state": "ERROR"}, b={"parentId": "v", "state": "RUNNING"}, c={"parentId": "v"}
    )

    assert Talk(server).hear(jobs.landed("v")) == "b"


def test_a_processing_that_is_refused_is_refused() -> None:
    server = Server(v={})
    server.troubles, server.deaf = {"POST": [reply({"exception": "BadRequestException"}, 400)]}, True

    with pytest.raises(RefusedError, match="BadRequest"):
        Talk(server).hear(jobs.send_processing("v", {}))
