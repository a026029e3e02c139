"""The form by which a person starts process_video in the UI."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError

from reelworks.recipes import recipe_names
from tests.subprocesses import ROOT

FILE = str(ROOT / "dags" / "process_video.py")
GIVEN = {"source": "s3://inbox/a.mp4", "recipe": "web", "destination": "s3://outbox/encoded", "dry_run": True}


@pytest.fixture(scope="module")
def form() -> Any:
    bag = DagBag(FILE, collect_dags=False)
    bag.process_file(FILE)
    return bag.dags["process_video"].params


def filled(form: Any, **told: Any) -> dict[str, Any]:
    """Fill the form in, as the API does when a run is triggered."""
    params = copy(form)
    params.update(told)
    return dict(params.validate())


def test_it_asks_for_source_recipe_destination_and_whether_to_try_only(form: Any) -> None:
    asked = {name: form.get_param(name).schema for name in form}

    assert [*asked] == ["source", "recipe", "destination", "dry_run", "version"]
    assert asked["recipe"]["enum"] == [*recipe_names()]
    assert asked["dry_run"]["type"] == "boolean"
    assert all(schema["title"] for schema in asked.values())
    assert filled(form, **GIVEN) == {**GIVEN, "version": None}


@pytest.mark.parametrize(
    "wrong",
    [{"source": "/home/me/a.mp4"}, {"source": "s3://"}, {"recipe": "wep"}, {"destination": ""}, {"dry_run": "maybe"}],
    ids=str,
)
def test_it_takes_nothing_that_cannot_work(form: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError):
        filled(form, **{**GIVEN, **wrong})
