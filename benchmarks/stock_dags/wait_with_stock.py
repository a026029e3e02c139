"""Waits with the stock trigger, one deferrable HttpSensor per job, for benchmarks/waiting.py; an Airflow DAG."""

from __future__ import annotations

from airflow.providers.http.triggers.http import HttpSensorTrigger
from airflow.triggers.base import BaseTrigger

from benchmarks.wait_operator import WaitOperator, wait_dag


class StockWaitOperator(WaitOperator):
    """Waits as HttpSensor(deferrable=True) does, but without the look that it takes before it defers."""

    def trigger(self) -> BaseTrigger:
        """Make what HttpSensor defers to."""
        return HttpSensorTrigger(
            endpoint=f"/done/{self.number}", http_conn_id="counted_http", method="GET", poke_interval=15.0
        )


dag = wait_dag("wait_with_stock", StockWaitOperator)
