"""An Airflow whose API server is away for a while costs a try, never a second job."""

from __future__ import annotations

import pytest

from tests.guarantees.house import House


@pytest.mark.only("bytenite")  # the look-up is one for all
@pytest.mark.parametrize("conn_id", ["bytenite_default", "aws_default"])
def test_a_job_is_taken_over_when_its_task_could_not_read_a_connection(
    house: House, conn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = house.encode(house.put(), house.impatient)
    assert house.start(life).state == "deferred"

    with monkeypatch.context() as outage:
        outage.delenv(f"AIRFLOW_CONN_{conn_id.upper()}")
        life.silent_about_connections = True
        failed = life.resume(life.run_trigger().event)
    assert failed.state == "up_for_retry", failed
    assert f"UnreachableError: Airflow does not say whether there is a connection '{conn_id}'" in failed.error

    life.silent_about_connections = False
    outcome = life.run_until_over()

    assert outcome.state == "success", outcome
    assert len(house.paid()) == 1
    assert house.traces() == {}
