"""ByteNite's endpoints as the documentation of 2023 has them, and its odd answers."""

import io

import pytest

from reelworks.bytenite import api
from reelworks.core.errors import BusyError, LostError, RefusedError, SignInRefusedError, UnreachableError
from reelworks.core.flow import Call, Reply
from reelworks.core.jobs import Phase
from tests.conversation import Talk, reply

JOB = {"id": "17", "name": "a-job", "state": "JOB_STATE_NEW", "paymentAmount": None, "errorMessage": None}
OK = {"ok": True, "requestId": "r", "message": "", "error": None}
DESTINATION = {"dataSourceDescriptor": "bucket", "params": {}}
SOURCE = {"dataSourceDescriptor": "file", "params": {}}


def calls(flow, body):
    talk = Talk([reply(body)])
    talk.hear(flow)
    return talk.calls


@pytest.mark.parametrize(
    ("flow", "body", "method", "path", "sent", "repeatable"),
    [
        (api.create_job("a-job"), {"job": JOB}, "POST", "", {"name": "a-job", "templateId": api.TEMPLATE}, False),
        (
            api.set_data("17", source=SOURCE, destination=DESTINATION),
            {"job": JOB},
            *("POST", "/datasource/17", {"dataSource": SOURCE, "dataDestination": DESTINATION}, True),
        ),
        (api.set_data("17", source=SOURCE), {"job": JOB}, "POST", "/datasource/17", {"dataSource": SOURCE}, True),
        (
            api.set_params("17", {"data": {"outputs": []}, "preset": ""}),
            {"job": JOB},
            *("POST", "/params/17", {"data": {"outputs": []}, "preset": ""}, True),
        ),
        (api.run_job("17"), OK, "POST", "/run/17", {}, False),
        (api.complete_upload("17"), OK, "POST", "/uploadcompleted/17", {}, True),
        (api.read_job("17"), {"job": JOB, "templateInfo": {}}, "GET", "/17", None, False),
        (api.get_results("17"), {"results": []}, "GET", "/17/results", None, False),
        (api.estimate_job("17"), {"estimation": {"totalEstimation": "28"}}, "GET", "/estimation/17", None, False),
        (
            api.filter_jobs({"states": ["x"]}, offset=5, limit=2),
            {"data": []},
            *("POST", "/filter", {"states": ["x"], "pagination": {"limit": 2, "offset": 5}}, True),
        ),
        (api.list_templates(), {"data": []}, "GET", "/templates", None, False),
        (api.rename_job("17", "other"), OK, "PATCH", "/17/jobname", {"name": "other"}, True),
        (api.abort_job("17"), OK, "POST", "/17/abort", {}, False),
        (api.delete_job("17"), OK, "DELETE", "/17", None, False),
    ],
    ids=lambda value: value.__name__ if hasattr(value, "__name__") else None,
)
def test_each_function_makes_its_one_call(flow, body, method, path, sent, repeatable) -> None:
    # None leaves it to the method.
    assert calls(flow, body) == [Call(method, "/v1/customer/jobs" + path, json=sent, repeatable=repeatable or None)]


@pytest.mark.parametrize(
    ("flow", "body", "call"),
    [
        (api.sign_out(), OK, Call("POST", "/v1/auth/signout", json={})),
        (api.get_user(), {"user": {"id": "u"}}, Call("GET", "/v1/auth/user")),
        (api.get_balance(), {"availableBalance": "28"}, Call("GET", "/v1/customer/wallet/balance")),
    ],
)
def test_the_account_has_calls_too(flow, body, call) -> None:
    assert calls(flow, body) == [call]


# Signing in


def test_the_api_key_is_exchanged_for_a_token_without_one() -> None:
    talk = Talk([reply({"token": "t1", "expiresIn": "1800", "scope": ""})])

    token = talk.hear(api.sign_in("5ec2e7"))

    assert (token.value, token.lifetime) == ("t1", 1800.0)
    (call,) = talk.calls
    assert (call.method, call.path, call.json) == ("POST", "/v1/auth/access_token", {"apiKey": "5ec2e7"})
    assert not call.signed


@pytest.mark.parametrize(("expires", "seconds"), [("3600", 3600), (60, 60), ("", 3600), (None, 3600), ("soon", 3600)])
def test_the_lifetime_is_read_from_a_string(expires, seconds) -> None:
    assert Talk([reply({"token": "t", "expiresIn": expires})]).hear(api.sign_in("k")).lifetime == seconds


@pytest.mark.parametrize(
    "refusal",
    [reply({"message": "unknown key"}, 401), reply({"code": 3}, 400), reply({}, 403), reply({"ok": False})],
)
def test_a_refused_key_is_named_as_such_and_not_told(refusal) -> None:
    with pytest.raises(SignInRefusedError, match="check the API key") as refused:
        Talk([refusal]).hear(api.sign_in("5ec2e7"))
    assert "5ec2e7" not in str(refused.value)


def test_a_sign_in_may_be_repeated() -> None:
    talk = Talk([UnreachableError("reset"), reply(status=503), reply({"token": "t1"})])

    assert talk.hear(api.sign_in("k")).value == "t1"


def test_a_sign_in_without_a_token_is_no_answer() -> None:
    with pytest.raises(UnreachableError, match="without token"):
        Talk([reply({"scope": ""})]).hear(api.sign_in("k"))


# Answers


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"ok": False, "message": "low balance"}, "low balance"),
        ({"ok": False, "error": {"code": "7", "message": "low balance"}}, "low balance"),
        ({"ok": False, "message": "", "error": {"message": "", "description": "low balance"}}, "low balance"),
        ({"ok": False, "error": "low balance"}, "low balance"),
        ({"ok": False}, "no reason given"),
    ],
)
def test_ok_false_is_a_refusal_under_a_good_status(body, reason) -> None:
    with pytest.raises(RefusedError, match=f"POST /v1/customer/jobs/run/17 answered ok: false: {reason}"):
        Talk([reply(body)]).hear(api.run_job("17"))


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (reply({"code": 5, "message": "no such job", "details": []}, 404), LostError, "no such job"),
        (reply({"ok": False, "error": {"message": "bad params"}}, 400), RefusedError, "bad params"),
        (Reply(502, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"), BusyError, "no reason given"),
        (reply(["odd"], 400), RefusedError, "no reason given"),
    ],
)
def test_the_services_own_words_are_told(answer, error, reason) -> None:
    with pytest.raises(error, match=reason):
        Talk([answer]).hear(api.run_job("17"))


def test_ok_falses_words_are_redacted() -> None:
    with pytest.raises(RefusedError) as refused:
        Talk([reply({"ok": False, "message": "no https://b.example/a?sig=5ec2e7"})]).hear(api.run_job("17"))
    assert "5ec2e7" not in str(refused.value)


@pytest.mark.parametrize(
    ("flow", "body"),
    [
        (lambda: api.create_job("a-job"), {"job": {}}),
        (lambda: api.create_job("a-job"), {"job": None}),
        (lambda: api.create_job("a-job"), ["odd"]),
        (lambda: api.run_job("17"), "fine"),
    ],
)
def test_an_answer_without_what_was_asked_for_is_no_answer(flow, body) -> None:
    with pytest.raises(UnreachableError):
        Talk([reply(body)]).hear(flow())


@pytest.mark.parametrize("body", [{}, {"job": None}, {"job": "17"}, {"job": {"state": "JOB_STATE_NEW"}}])
def test_a_look_that_shows_no_job_is_no_answer(body) -> None:
    with pytest.raises(UnreachableError):
        Talk([reply(body)]).hear(api.get_job("17"))


def test_a_run_is_content_with_an_empty_answer() -> None:
    Talk([Reply(200)]).hear(api.run_job("17"))


# Jobs


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("JOB_STATE_NEW", Phase.WAITING),
        ("JOB_STATE_PARTITIONING", Phase.RUNNING),
        ("JOB_STATE_COMPLETE", Phase.SUCCEEDED),
        ("JOB_STATE_FAILED", Phase.FAILED),
        ("JOB_STATE_TASK_FAILURE", Phase.FAILED),
        ("JOB_STATE_ERROR", Phase.FAILED),
        ("JOB_STATE_ABORTED", Phase.CANCELLED),
        ("JOB_STATE_CANCELED", Phase.CANCELLED),
        ("JOB_STATE_CANCELLED", Phase.CANCELLED),
        ("JOB_STATE_ASSEMBLING", Phase.RUNNING),
        ("JOB_STATE_COMPLETED", Phase.RUNNING),
        ("JOB_STATE_INCOMPLETE", Phase.RUNNING),
        ("job_state_complete", Phase.RUNNING),
        ("", Phase.RUNNING),
        (None, Phase.RUNNING),
    ],
)
def test_only_the_one_known_success_is_one_and_the_unknown_goes_on(state, phase) -> None:
    assert api.as_job({**JOB, "state": state}).phase is phase


def test_a_job_keeps_the_services_words_and_strings() -> None:
    job = Talk([reply({"job": {**JOB, "paymentAmount": "28", "errorMessage": "no https://b/a?sig=5ec"}})]).hear(
        api.get_job("17")
    )

    assert (job.id, job.name, job.state, job.amount) == ("17", "a-job", "JOB_STATE_NEW", "28")
    assert job.error == "no https://b/a?…"


def test_unset_fields_are_unset() -> None:
    job = api.as_job({"id": 17, "state": None})

    assert (job.id, job.name, job.state, job.amount, job.error) == ("17", "", "", None, "")


# Results


def test_results_are_matched_by_name_not_by_order() -> None:
    rows = [{"name": "out_0/a_480.mp4", "link": "https://b/480"}, {"name": "out_1/a_720.mp4", "link": "https://b/720"}]

    assert Talk([reply({"results": rows})]).hear(api.get_results("17")) == {
        "out_0/a_480.mp4": "https://b/480",
        "out_1/a_720.mp4": "https://b/720",
    }


@pytest.mark.parametrize("body", [{"results": []}, {"results": None}, {}])
def test_no_results_yet_are_none(body) -> None:
    assert Talk([reply(body)]).hear(api.get_results("17")) == {}


# Lists


def page(first, last, more, total=None):
    rows = [{**JOB, "id": str(number)} for number in range(first, last)]
    return reply({"pagination": {"total": total, "offset": first, "hasPrevious": False, "hasNext": more}, "data": rows})


def test_a_page_is_asked_for_under_dotted_names() -> None:
    talk = Talk([page(40, 42, True)])

    found = talk.hear(api.list_jobs(offset=40, limit=2, order_by="createdAt"))

    assert ([row["id"] for row in found.rows], found.more, found.total) == (["40", "41"], True, None)
    assert talk.calls[0].query == {"pagination.limit": "2", "pagination.offset": "40", "orderBy": "createdAt"}


def test_all_jobs_are_read_until_no_page_follows() -> None:
    talk = Talk([page(0, 100, True), page(100, 130, True), page(130, 150, False)])

    rows = talk.hear(api.all_jobs())

    assert [row["id"] for row in rows] == [str(number) for number in range(150)]
    assert [call.query["pagination.offset"] for call in talk.calls] == ["0", "100", "130"]


def test_an_empty_page_ends_the_list_whatever_it_promises() -> None:
    talk = Talk([page(0, 2, True), page(2, 2, True)])

    assert len(talk.hear(api.all_jobs())) == 2


@pytest.mark.parametrize("body", [{}, {"data": None, "pagination": None}])
def test_an_account_without_jobs_is_empty(body) -> None:
    assert Talk([reply(body)]).hear(api.all_jobs()) == []


# Uploads


def test_a_file_goes_to_its_link_as_raw_bytes_without_a_token() -> None:
    film, talk = io.BytesIO(b"film"), Talk([Reply(200)])

    talk.hear(api.upload("https://up.example/x?sig=5ec2e7", film, 'my "Ä\\film\n.mp4'))

    (call,) = talk.calls
    assert (call.method, call.path, call.body, call.signed) == ("PUT", "https://up.example/x?sig=5ec2e7", film, False)
    assert call.headers["Content-Disposition"] == 'attachment; filename="my _?_film_.mp4"'
    assert call.headers["Content-Type"] == "application/octet-stream"


def test_an_upload_is_sent_once_because_its_file_is_read_to_the_end() -> None:
    talk = Talk([UnreachableError("reset")])

    with pytest.raises(UnreachableError):
        talk.hear(api.upload("https://up.example/x", io.BytesIO(b"film"), "a.mp4"))


@pytest.mark.parametrize("kind", ["application/xml", "text/html", ""])
def test_an_upload_is_content_with_whatever_its_bucket_answers(kind) -> None:
    Talk([Reply(200, {"content-type": kind}, b"<ok/>")]).hear(api.upload("https://up.example/x", io.BytesIO(), "a.mp4"))


@pytest.mark.parametrize(("status", "error"), [(403, RefusedError), (404, LostError), (503, BusyError)])
def test_an_upload_that_its_bucket_does_not_take_is_told_without_its_signature(status, error) -> None:
    talk = Talk([Reply(status, {"content-type": "application/xml"}, b"<Error/>")])

    with pytest.raises(error, match=f"PUT up.example/x answered {status}") as refused:
        talk.hear(api.upload("https://up.example/x?sig=5ec2e7", io.BytesIO(b"film"), "a.mp4"))
    assert "5ec2e7" not in str(refused.value)


def test_the_upload_link_is_found_in_either_spelling() -> None:
    for name in ("tempUrl", "temp_url"):
        assert api.upload_link({"dataSource": {"params": {name: "https://up"}}}) == "https://up"


@pytest.mark.parametrize("source", [None, {}, {"params": None}, {"params": {"tempUrl": ""}}])
def test_no_upload_link_is_no_answer(source) -> None:
    with pytest.raises(UnreachableError, match="no upload link for job 17"):
        api.upload_link({"id": "17", "dataSource": source})
