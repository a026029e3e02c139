"""Waits with the stock trigger, one deferrable HttpSensor per job, for benchmarks/waiting.py; an Airflow DAG."""

from __future__ import annotations

from airflow.triggers.base import StartTriggerArgs

from benchmarks.wait_operator import WaitOperator, wait_dag


class StockWaitOperator(WaitOperator):
    """Waits as HttpSensor(deferrable=True) does, but without the task start in which that looks for the first time."""

    start_trigger_args = StartTriggerArgs(
        trigger_cls="airflow.providers.http.triggers.http.HttpSensorTrigger",
        trigger_kwargs={
            "endpoint": "/done/{{ ti.map_index + 1 }}",
            "http_conn_id": "counted_http",
            "method": "GET",
            "poke_interval": 15.0,
        },
        next_method="resume",
    )


dag = wait_dag("wait_with_stock", StockWaitOperator)
