"""Every operator is driven with bad arguments, and no call is made that would end the real server or worker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reelworks.openencoder import operators as ops
from tests.guarantees.encoder_house import EncoderHouse
from tests.openencoder.steps import step

IDS = ["99999", "0", "-1", "abc", "", "1/../../presets/99999", "1?page=-1", "\uff11", "9" * 30]
PRESETS = ["no such preset", "", "../h264_main_720p_3000", "x" * 200, "99999", "a\nb"]
SOURCES = ["s3://nowhere/x.mp4", "s3:///" + "x" * 200, "", "https://x.example/a.mp4", "s3:///a\nb.mp4", "s3:///a?b#c"]
DESTS = ["out", "", "s3://elsewhere/out/", "s3:///" + "x" * 200 + "/", "s3:///a b/"]
MACHINES: list[Any] = [[99999], ["abc"], [0], "all", {}, [[1]], None]
BAD: list[tuple[type, dict[str, Any]]] = [
    *((ops.OpenEncoderCancelJobOperator, {"job_id": i, "watch": 0.0}) for i in IDS),
    *((ops.OpenEncoderRestartJobOperator, {"job_id": i, "even_if_running": True}) for i in IDS),
    *((ops.OpenEncoderJobStatusOperator, {"job_id": i}) for i in IDS),
    *((ops.OpenEncoderCreateJobOperator, {"source": "a.mp4", "dest": "out/", "preset": p}) for p in PRESETS),
    *((ops.OpenEncoderCreateJobOperator, {"source": s, "dest": "out/", "preset": "tiny"}) for s in SOURCES),
    *((ops.OpenEncoderCreateJobOperator, {"source": "a.mp4", "dest": d, "preset": "tiny"}) for d in DESTS),
    *((ops.OpenEncoderCheckPresetOperator, {"preset": p}) for p in PRESETS),
    *((ops.OpenEncoderCreatePresetOperator, {"preset": p}) for p in PRESETS),
    *((ops.OpenEncoderUpdatePresetOperator, {"preset": p}) for p in PRESETS),
    *((ops.OpenEncoderDeleteMachineOperator, {"machine_id": i}) for i in IDS),
    *((ops.OpenEncoderDeleteMachinesOperator, {"machines": m}) for m in MACHINES),
    *((ops.OpenEncoderNoteMachinesOperator, {"size": s, "created_by": "create"}) for s in ["nope", "", "a/b"]),
    *(
        (ops.OpenEncoderCreateMachinesOperator, {"size": s, "count": c})
        for s, c in [("nope", 1), ("", 1), ("a/b", "x")]
    ),
    *((ops.OpenEncoderCreateMachinesOperator, {"size": "s-1vcpu-1gb", "count": c}) for c in [0, 11, -1, "ten"]),
    *((ops.OpenEncoderRegisterUserOperator, {"user_conn_id": c}) for c in ["taken", "shouted", "long", "empty"]),
]


@pytest.fixture
def users(house: EncoderHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, login in {"taken": "admin", "shouted": "ADMIN", "long": "u" * 129, "empty": ""}.items():
        connection = {"conn_type": "generic", "login": login, "password": "secret-enough"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))


def driven(operator: type, arguments: dict[str, Any]) -> str:
    return f"{operator.__name__.removeprefix('OpenEncoder')} {arguments}"


@pytest.mark.timeout(600)
def test_no_bad_argument_reaches_what_it_would_end(house: EncoderHouse, users: None) -> None:
    for operator, arguments in BAD:
        outcome = step(house, operator, retries=0, **arguments).run()
        assert house.deadly() == [], driven(operator, arguments)
        assert outcome.state in ("failed", "success"), driven(operator, arguments)
    assert house.paid() == []


def test_every_operator_is_driven() -> None:
    driven_ones = {operator.__name__ for operator, _ in BAD}
    without_arguments = {
        "OpenEncoderDeleteAllMachinesOperator",
        "OpenEncoderListMachinesOperator",
        "OpenEncoderListPresetsOperator",
        "OpenEncoderMachinePricingOperator",
        "OpenEncoderMachineRegionsOperator",
        "OpenEncoderMachineSizesOperator",
        "OpenEncoderSyncPresetsOperator",
    }
    assert driven_ones | without_arguments | {"OpenEncoderEncodeOperator"} == set(ops.__all__)


@pytest.mark.parametrize("restart_seconds", [0, 30])
def test_an_unknown_user_costs_at_most_one_try_of_a_process(
    house: EncoderHouse, monkeypatch: pytest.MonkeyPatch, restart_seconds: float
) -> None:
    house.settings(restart_seconds=restart_seconds)
    access = house.sandbox.info["openencoder"]
    stranger = {"conn_type": "openencoder", "host": access["url"], "login": "nobody", "password": "whatever"}
    monkeypatch.setenv("AIRFLOW_CONN_OPENENCODER_DEFAULT", json.dumps(stranger))

    outcome = step(house, ops.OpenEncoderListPresetsOperator).run()

    house.settings(restart_seconds=0)
    assert len(house.deadly()) == 1
    # A server that is gone died of the name; one that is back at once may also have lost the answer.
    assert outcome.state == ("failed" if restart_seconds else "up_for_retry")
