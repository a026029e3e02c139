"""Ours at its shortest, for benchmarks/against_stock.py: the same encode as stock_encode, in one task."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from reelworks.bytenite.operators import ByteNiteEncodeOperator

with DAG(
    "encode_in_one_task",
    schedule=None,
    max_active_runs=64,
    default_args={"retries": 3, "retry_delay": timedelta(seconds=20)},
    params={
        "source": Param("s3://inbox/video.mp4", type="string"),
        "destination": Param("s3://outbox/ours", type="string"),
        "preset": Param("h264_360p", type="string"),
    },
):
    ByteNiteEncodeOperator(
        task_id="encode",
        source="{{ params.source }}",
        preset="{{ params.preset }}",
        destination="{{ params.destination }}",
    )
