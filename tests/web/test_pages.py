"""What a person gets to see of a published video, and who does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.pictures.looks import brightening, seen
from tests.web.conftest import Site

pytestmark = pytest.mark.airflow

PAGES = {"Contact sheet": "contact_sheet", "Before / after": "before_after", "Manifest": "manifest"}


@pytest.fixture(scope="module")
def published(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a run that published a video with its pictures."""
    video = brightening(Path(tmp_path_factory.mktemp("video")) / "a.mp4", seconds=2).read_bytes()
    source = site.put("inbox", "ä film.mp4", video)
    return site.run("pictured", source=source, output=source, destination="s3://outbox/ä film/web")


@pytest.fixture(scope="module")
def links(site: Site, published: str) -> dict[str, str | None]:
    return site.links("pictured", published, "publish")


def test_the_task_links_to_its_pictures_and_its_manifest(site: Site, links: dict[str, str]) -> None:
    assert {name: link.rpartition("/")[2] for name, link in links.items()} == PAGES
    for name in ("Contact sheet", "Before / after"):
        answer = site.get(links[name])
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        assert seen(answer.content).width > 600
    manifest = site.get(links["Manifest"])
    assert manifest.headers["Content-Type"] == "application/json"
    assert manifest.json()["pictures"]["contact_sheet"] == "s3://outbox/ä film/web/contact_sheet.jpg"


def test_a_picture_is_not_sent_twice_and_is_taken_for_nothing_else(site: Site, links: dict[str, str]) -> None:
    first = site.get(links["Contact sheet"])
    second = site.get(links["Contact sheet"], **{"If-None-Match": first.headers["ETag"]})

    assert (second.status_code, second.content) == (304, b"")
    assert first.headers["Cache-Control"] == second.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_who_may_not_see_the_dag_sees_nothing(site: Site, links: dict[str, str], page: str) -> None:
    assert site.get(links[page], None).status_code == 401
    assert site.get(links[page], None, Authorization="Bearer nonsense").status_code == 403
    stranger = site.get(links[page], "stranger")
    assert stranger.status_code == 403
    assert "s3://" not in stranger.text


def test_a_stranger_does_not_learn_what_there_is(site: Site, links: dict[str, str]) -> None:
    path = links["Manifest"]
    for other in ("/reelworks/", path + "x", path.replace("publish", "other"), path.replace("pictured", "~")):
        assert site.get(other, None).status_code in (401, 404)
        assert site.get(other, "stranger").status_code in (403, 404)
        assert "s3://" not in site.get(other, "stranger").text


def test_a_browser_that_is_signed_in_is_let_in(site: Site, links: dict[str, str]) -> None:
    cookies = {"_token": site.token("viewer")}

    answer = requests.get(f"{site.url}{links['Contact sheet']}", cookies=cookies, timeout=60)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")


def test_nothing_that_is_signed_is_kept(site: Site, published: str, links: dict[str, str]) -> None:
    path = f"/api/v2/dags/pictured/dagRuns/{published}/taskInstances/publish/xcomEntries"
    keys = [entry["key"] for entry in site.get(path).json()["xcom_entries"]]
    kept = [site.get(f"{path}/{key}").text for key in keys]

    assert len(keys) == 1 + len(links)
    assert not [text for text in kept if "X-Amz" in text or "Signature" in text]


def test_a_task_without_a_manifest_has_no_links(site: Site) -> None:
    run_id = site.run("claims", returned=["s3://outbox/none/video.mp4"])

    assert set(site.links("claims", run_id, "list_claims").values()) == {None}
    assert set(site.links("claims", run_id, "claim", 0).values()) == {None}
    answer = site.get(f"/reelworks/dags/claims/runs/{run_id}/tasks/claim/manifest?map_index=0")
    assert answer.status_code == 404
    assert "did not return the address of a manifest" in answer.json()["detail"]


def test_a_mapped_task_links_to_its_own(site: Site) -> None:
    addresses = [site.put("outbox", f"mapped/{n}/manifest.json", {"schema": 1, "number": n}) for n in range(2)]

    run_id = site.run("claims", returned=addresses)

    for n in range(2):
        link = site.links("claims", run_id, "claim", n)["Manifest"]
        assert link is not None
        assert site.get(link).json()["number"] == n


def test_only_pictures_that_the_manifest_names_beside_itself_are_shown(
    site: Site, claimed: Callable[[list[str]], list[str]]
) -> None:
    """The manifest is a file: who can write it must not read all of S3 by it."""
    secret = site.put("inbox", "secret.jpg", b"top secret")
    for place in ("tricks/contact_sheet.jpg", "tricks/deeper/contact_sheet.jpg", "tricks/other.jpg"):
        site.put("outbox", place, b"top secret")
    named = [
        secret,
        "s3://outbox/tricks/contact_sheet.jpg",
        "s3://outbox/tricks/7/../contact_sheet.jpg",
        "s3://outbox/tricks/7/other.jpg",
        "s3://outbox/tricks/7/deeper/contact_sheet.jpg",
        "../contact_sheet.jpg",
        "contact_sheet.jpg",
        "file:///etc/passwd",
        {"url": secret},
        None,
    ]
    manifests = [{"pictures": {"contact_sheet": name}} for name in named]
    bodies = [*manifests, {}, {"pictures": None}, {"pictures": [secret]}, b"\x00 no JSON", b"[1]"]
    addresses = [site.put("outbox", f"tricks/{n}/manifest.json", body) for n, body in enumerate(bodies)]
    for n in range(len(bodies)):
        site.put("outbox", f"tricks/{n}/before_after.jpg", b"not named")

    answers = [
        site.get(page.format(page=kind)) for page in claimed(addresses) for kind in ("contact_sheet", "before_after")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert not [answer.text for answer in answers if "top secret" in answer.text or "not named" in answer.text]


def test_only_a_manifest_is_shown_as_one(site: Site, claimed: Callable[[list[str]], list[str]]) -> None:
    site.put("outbox", "large/manifest.json", b" " * (33 * 1024**2))
    addresses = [
        site.put("outbox", "plain/notes.txt", b"top secret"),
        "s3://outbox/plain/../plain/manifest.json",
        "s3://outbox/gone/manifest.json",
        "s3://no-such-bucket-here/manifest.json",
        "s3://outbox/large/manifest.json",
        "https://outbox/manifest.json",
        "",
    ]

    answers = [site.get(page.format(page="manifest")) for page in claimed(addresses)]

    assert [answer.status_code for answer in answers] == [404] * len(addresses)
    assert "there is no such object" in answers[2].json()["detail"]


@pytest.mark.parametrize("page", ["other", "..%2f..%2fsecret.jpg", "contact_sheet.jpg", "contact_sheet/../../x"])
def test_there_are_no_other_pages(site: Site, links: dict[str, str], page: str) -> None:
    answer = site.get(links["Manifest"].replace("manifest", page))

    assert answer.status_code in (404, 422)


def test_a_web_server_without_a_connection_to_s3_says_so(site: Site, links: dict[str, str]) -> None:
    variables, body = f"{site.url}/api/v2/variables", {"key": "REELWORKS_AWS_CONN", "value": "nowhere"}
    admin = site.machine.airflow.session
    admin.post(variables, json=body, timeout=30).raise_for_status()
    try:
        answer = site.get(links["Contact sheet"])
    finally:
        admin.delete(f"{variables}/REELWORKS_AWS_CONN", timeout=30).raise_for_status()

    assert answer.status_code == 503
    assert "this web server cannot read S3: there is no connection 'nowhere'" in answer.json()["detail"]
    assert site.get(links["Contact sheet"]).status_code == 200
