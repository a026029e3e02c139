"""What Airflow finds of us through the provider entry point."""

import importlib
import json

import pytest

from reelworks.core.hook import VideoServiceHook
from reelworks.provider import get_provider_info
from tests.subprocesses import fresh

TYPES = get_provider_info()["connection-types"]


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["connection-type"])
def test_a_connection_type_leads_to_its_hook(entry) -> None:
    module, _, name = entry["hook-class-name"].rpartition(".")
    hook = getattr(importlib.import_module(module), name)

    assert issubclass(hook, VideoServiceHook)
    assert (hook.conn_type, hook.hook_name) == (entry["connection-type"], entry["hook-name"])


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["connection-type"])
def test_no_field_has_to_be_filled_in(entry) -> None:
    for field in entry["conn-fields"].values():
        assert "null" in field["schema"]["type"]
        assert field["label"]


@pytest.mark.parametrize("entry", TYPES, ids=lambda entry: entry["connection-type"])
def test_what_is_secret_is_typed_unseen(entry) -> None:
    for name, field in entry["conn-fields"].items():
        if any(word in name for word in ("access_token", "secret", "password")):
            assert field["schema"]["format"] == "password"


def test_the_description_is_plain_json() -> None:
    assert json.loads(json.dumps(get_provider_info())) == get_provider_info()


def test_airflow_finds_the_connection_types_with_their_forms(tmp_path) -> None:
    found = fresh(
        """
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
hook = manager.hooks["bytenite"]
form = manager.field_behaviours["bytenite"]
widgets = manager.connection_form_widgets
result = {
    "provider": "reelworks" in manager.providers,
    "hook": [hook.hook_class_name, hook.hook_name, hook.connection_id_attribute_name],
    "labels": form["relabeling"],
    "fields": sorted(name for name in widgets if name.startswith("extra__bytenite__")),
    "hidden": form["hidden_fields"] if "hidden_fields" in form else form["hidden-fields"],
}
""",
        AIRFLOW_HOME=str(tmp_path),
    )

    assert found["provider"]
    assert found["hook"] == ["reelworks.bytenite.hook.ByteNiteHook", "ByteNite", "conn_id"]
    assert found["labels"]["password"] == "API key"
    assert "password" not in found["hidden"]
    assert found["fields"] == [f"extra__bytenite__{n}" for n in ("access_token", "allow_http", "token_prefix")]


def test_a_pixop_connection_is_filled_in_with_email_password_and_team() -> None:
    [entry] = [entry for entry in TYPES if entry["connection-type"] == "pixop"]
    form = entry["ui-field-behaviour"]

    assert form["relabeling"]["login"] == "E-mail"
    assert not {"login", "password", "host"} & set(form["hidden-fields"])
    assert sorted(entry["conn-fields"]) == ["allow_http", "team_id"]
