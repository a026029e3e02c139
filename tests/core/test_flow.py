"""One question to a service: what is asked again, what its answer means, and what is said about it."""

import pytest

from reelworks.core.errors import BusyError, LostError, RefusedError, UnreachableError
from reelworks.core.flow import LONGEST_PAUSE, REPEATS, Call, Reply, ask, ask_headers, deliver
from tests.conversation import Talk, reply

GET = Call("GET", "/jobs/17")
POST = Call("POST", "/jobs", json={"name": "a job"})
PRESIGNED = "https://bucket.example/in/film.mp4?X-Amz-Signature=5ec2e7&X-Amz-Credential=AKIA"


def said(body):
    return body.get("message")


def test_an_answer_is_its_json() -> None:
    assert Talk([reply({"id": "17"})]).hear(ask(GET)) == {"id": "17"}


def test_an_empty_answer_is_none_whatever_its_content_type() -> None:
    assert Talk([Reply(204, {"content-type": "text/html"})]).hear(ask(GET)) is None


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"])
def test_every_spelling_of_json_is_read(kind) -> None:
    assert Talk([Reply(200, {"content-type": kind}, b"[1]")]).hear(ask(GET)) == [1]


@pytest.mark.parametrize(
    "broken",
    [
        Reply(200, {"content-type": "text/html"}, b"<html>sign in</html>"),
        Reply(200, {}, b'{"no": "content type"}'),
        Reply(200, {"content-type": "application/json"}, b'{"cut": "sho'),
        Reply(200, {"content-type": "application/json"}, b"\xff\xfe"),
    ],
)
def test_a_good_status_without_json_is_no_answer(broken) -> None:
    talk = Talk([broken])

    with pytest.raises(UnreachableError, match="POST /jobs answered 200"):
        talk.hear(ask(POST))


@pytest.mark.parametrize(
    "first", [UnreachableError("reset"), *(reply(status=status) for status in (408, 425, 429, 500, 503))]
)
def test_a_look_is_repeated_until_it_is_answered(first) -> None:
    talk = Talk([first, first, reply("found")])

    assert talk.hear(ask(GET)) == "found"
    assert talk.calls == [GET, GET, GET]
    assert len(talk.sleeps) == 2
    assert 0 < talk.sleeps[0] < talk.sleeps[1] * 3


def test_a_look_is_given_up_after_a_few_times() -> None:
    talk = Talk([UnreachableError("reset")] * REPEATS)

    with pytest.raises(UnreachableError, match="reset"):
        talk.hear(ask(GET))
    assert len(talk.calls) == REPEATS
    assert len(talk.sleeps) == REPEATS - 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("line", "error"), [(UnreachableError("reset"), UnreachableError), (reply(status=503), BusyError)]
)
def test_a_call_that_changes_something_is_sent_once(method, line, error) -> None:
    talk = Talk([line])

    with pytest.raises(error):
        talk.hear(ask(Call(method, "/jobs")))
    assert len(talk.steps) == 1


def test_a_call_that_may_be_repeated_is_repeated() -> None:
    again = Call("POST", "/jobs/17/name", json={}, repeatable=True)
    talk = Talk([reply(status=502), reply({})])

    talk.hear(ask(again))

    assert talk.calls == [again, again]


@pytest.mark.parametrize(("status", "error"), [(404, LostError), (410, LostError)])
def test_what_is_not_there_is_lost_and_not_asked_again(status, error) -> None:
    talk = Talk([reply({"message": "no such job"}, status)])

    with pytest.raises(error, match=f"GET /jobs/17 answered {status}: no such job"):
        talk.hear(ask(GET, said))
    assert len(talk.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 409, 422])
def test_any_other_status_is_a_refusal_and_not_asked_again(status) -> None:
    talk = Talk([reply(status=status)])

    with pytest.raises(RefusedError, match=f"answered {status}: no reason given") as refused:
        talk.hear(ask(GET))
    assert refused.value.status == status
    assert len(talk.calls) == 1


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<h1>Not found</h1>"),
        ("text/plain", b"404 page not found"),
        ("text/plain", b'{"message": "no such job"}'),
        ("application/json", b'{"cut": "sho'),
        ("application/json", b""),
        ("", b""),
    ],
)
def test_nothing_is_lost_because_a_gateway_does_not_find_the_service(status, kind, body) -> None:
    """A proxy whose service restarts answers so: a job that is written off then runs on, and is paid for again."""
    elsewhere = Reply(status, {"content-type": kind} if kind else {}, body)
    talk = Talk([elsewhere, reply({"id": "17"})])

    assert talk.hear(ask(GET, said)) == {"id": "17"}
    with pytest.raises(UnreachableError, match=f"POST /jobs answered {status} with .*, which is not the service's own"):
        Talk([elsewhere]).hear(ask(POST, said))


@pytest.mark.parametrize(
    ("status", "error"), [(400, RefusedError), (403, RefusedError), (429, BusyError), (502, BusyError)]
)
def test_a_web_page_under_any_other_error_keeps_the_errors_meaning(status, error) -> None:
    talk = Talk([Reply(status, {"content-type": "text/html"}, b"<h1>No</h1>")])

    with pytest.raises(error, match=f"answered {status}: no reason given"):
        talk.hear(ask(POST, said))


def test_whose_a_404_of_a_head_is_its_content_type_tells() -> None:
    missing = Reply(404, {"content-type": "application/json"}, b"")
    page = Reply(404, {"content-type": "text/html"}, b"")

    with pytest.raises(LostError, match="answered 404"):
        Talk([missing]).hear(ask_headers(Call("HEAD", "/film")))
    with pytest.raises(UnreachableError, match="which is not the service's own"):
        Talk([page] * REPEATS).hear(ask_headers(Call("HEAD", "/film")))


def test_what_is_not_there_for_a_bucket_is_lost_whatever_the_body() -> None:
    missing = Reply(404, {"content-type": "application/xml"}, b"<Error/>")

    with pytest.raises(LostError, match="answered 404"):
        Talk([missing]).hear(deliver(Call("PUT", PRESIGNED)))


def test_the_services_own_pause_comes_first_within_reason() -> None:
    talk = Talk([reply(status=429, retry_after="7"), reply(status=503, retry_after="86400"), reply("found")])

    talk.hear(ask(GET))

    assert talk.sleeps == [7.0, LONGEST_PAUSE]


def test_a_pause_given_as_a_date_is_not_read() -> None:
    talk = Talk([reply(status=503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), reply("found")])

    talk.hear(ask(GET))

    assert 0 < talk.sleeps[0] < 5


def test_busy_tells_its_caller_how_long_to_wait() -> None:
    with pytest.raises(BusyError) as busy:
        Talk([reply(status=429, retry_after="7")]).hear(ask(POST))
    assert busy.value.retry_after == 7.0


def test_a_presigned_link_in_the_services_words_is_cut() -> None:
    talk = Talk([reply({"message": f"cannot read {PRESIGNED}"}, 400)])

    with pytest.raises(RefusedError, match=r"cannot read https://bucket\.example/in/film\.mp4") as refused:
        talk.hear(ask(POST, said))
    assert "5ec2e7" not in str(refused.value)


@pytest.mark.parametrize("show", [str, repr])
def test_a_call_shows_neither_token_nor_body_nor_query(show) -> None:
    call = Call(
        "PUT",
        PRESIGNED.replace("https://", "https://anna:pa55@"),
        query={"token": "5ec2e7"},
        json={"apiKey": "5ec2e7"},
        headers={"Authorization": "5ec2e7"},
    )

    assert "bucket.example/in/film.mp4" in show(call)
    assert "5ec2e7" not in show(call)
    assert "pa55" not in show(call)
    assert "AKIA" not in show(call)


def test_a_reply_shows_its_status_only() -> None:
    assert repr(Reply(200, {"set-cookie": "5ec2e7"}, b'{"token": "5ec2e7"}')) == "Reply(status=200)"
