"""The encode as a competent user of Airflow would write it with stock pieces: one HttpOperator or HttpSensor per step.

The choices are those that serve it best. The source's link and the access token come from one Python task, not two. The
sensor is in the mode ``reschedule``: ByteNite answers 200 for a job that still runs, so the wait needs a
``response_check``, and with one HttpSensor does not defer, whatever ``deferrable`` says. A job that is over at the
first look, as with the instant sandbox, costs it one task start. The files go straight from one connection to the
other, without a disk between. It is no model: the token and the presigned link lie in XCom, a retry pays again, and
nothing looks at what came back.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import DAG, Param, task

PARAMS = json.loads((Path(__file__).parent / "h264_360p.json").read_text())
JOB = "{{ ti.xcom_pull('create_job') }}"
API = "/v1/customer/jobs"
HEADERS = {"Authorization": "{{ ti.xcom_pull('prepare')['token'] }}", "Content-Type": "application/json"}
STEP: dict[str, Any] = {"http_conn_id": "bytenite_http", "headers": HEADERS}


def is_over(response: Any) -> bool:
    """Return whether the job is complete; raise if it never will be."""
    state = response.json()["job"]["state"]
    if any(word in state for word in ("FAIL", "ABORT", "CANCEL", "ERROR")):
        raise RuntimeError(f"the job is {state}")
    return bool(state == "JOB_STATE_COMPLETE")


with DAG(
    "stock_encode",
    schedule=None,
    max_active_runs=64,
    default_args={"retries": 3, "retry_delay": timedelta(seconds=20)},
    params={
        "source": Param("s3://inbox/video.mp4", type="string"),
        "destination": Param("s3://outbox/stock", type="string"),
    },
):

    @task
    def prepare(params: dict[str, str]) -> dict[str, str]:
        """Presign the source and sign in."""
        import requests
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook
        from airflow.sdk import BaseHook

        bucket, _, key = params["source"].removeprefix("s3://").partition("/")
        link = S3Hook().generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, expires_in=86400)
        service = BaseHook.get_connection("bytenite_http")
        key_of_account = {"apiKey": service.password}
        answer = requests.post(f"{service.host}/v1/auth/access_token", json=key_of_account, timeout=30)
        answer.raise_for_status()
        return {"link": str(link), "token": answer.json()["token"]}

    create = HttpOperator(
        task_id="create_job",
        endpoint=API,
        data=json.dumps({"name": "stock {{ run_id }}", "templateId": "video-transcoding@v0.2"}),
        response_filter=lambda response: response.json()["job"]["id"],
        **STEP,
    )
    set_source = HttpOperator(
        task_id="set_source",
        endpoint=f"{API}/datasource/{JOB}",
        data=json.dumps(
            {
                "dataSource": {
                    "dataSourceDescriptor": "url",
                    "params": {
                        "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
                        "url": "{{ ti.xcom_pull('prepare')['link'] }}",
                    },
                },
                "dataDestination": {"dataSourceDescriptor": "bucket", "params": {}},
            }
        ),
        **STEP,
    )
    # What looks like a template in here is ByteNite's own.
    set_params = HttpOperator(
        task_id="set_params",
        endpoint=f"{API}/params/{JOB}",
        data="{% raw %}" + json.dumps(PARAMS) + "{% endraw %}",
        **STEP,
    )
    run = HttpOperator(task_id="run_job", endpoint=f"{API}/run/{JOB}", data="{}", **STEP)
    wait = HttpSensor(
        task_id="wait_for_job",
        endpoint=f"{API}/{JOB}",
        response_check=is_over,
        mode="reschedule",
        poke_interval=15,
        timeout=6 * 3600,
        **STEP,
    )
    results = HttpOperator(
        task_id="fetch_results",
        method="GET",
        endpoint=f"{API}/{JOB}/results",
        response_filter=lambda response: response.json()["results"],
        **STEP,
    )

    @task
    def store(results: list[dict[str, str]], params: dict[str, str]) -> list[str]:
        """Bring the files into S3."""
        import requests
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        bucket, _, prefix = params["destination"].removeprefix("s3://").partition("/")
        client: Any = S3Hook().get_conn()
        keys: list[str] = []
        for result in results:
            with requests.get(result["link"], stream=True, timeout=60) as answer:
                answer.raise_for_status()
                keys.append(f"{prefix}/{result['name'].rpartition('/')[2]}")
                client.upload_fileobj(answer.raw, bucket, keys[-1])
        return keys

    prepare() >> create >> set_source >> set_params >> run >> wait >> results >> store(results.output)  # type: ignore[call-arg, arg-type, misc]
