"""Rent machines, encode a list of videos on them, and give the machines back.

The machines are a setup, their return a teardown: it runs however the encodes end, when the run is marked as failed,
and also when the setup came only half of the way. One run at a time, because the server cannot tell whose a machine is.
Each output goes to `<destination>/<source name without its suffix>/`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, setup

from reelworks.core.presets import preset_names
from reelworks.openencoder.operators import (
    OpenEncoderCreateMachinesOperator,
    OpenEncoderDeleteMachinesOperator,
    OpenEncoderEncodeOperator,
)

with DAG(
    "encode_on_fleet",
    description="Rent machines, encode a list of videos on them, give the machines back",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    tags=["reelworks"],
    default_args={"retries": 3, "retry_delay": timedelta(seconds=20)},
    params={
        "sources": Param(["s3://inbox/video.mp4"], type="array", items={"type": "string"}, minItems=1, title="Sources"),
        "destination": Param("s3://outbox/fleet", type="string", pattern="^s3://.+", title="Destination prefix"),
        "preset": Param("h264_main_720p_3000", enum=[*preset_names("openencoder")], title="Preset"),
        "size": Param("s-1vcpu-1gb", type="string", title="Machine size"),
        "count": Param(1, type="integer", minimum=1, maximum=10, title="Machines"),
    },
):

    @setup
    def videos(params: dict[str, list[str]]) -> list[dict[str, str]]:
        """List what is to be encoded where; refuse what cannot work before a machine is rented."""
        from reelworks.pipeline import each_below

        return each_below(str(params["destination"]), params["sources"])

    listed = videos()
    create = OpenEncoderCreateMachinesOperator(
        task_id="create_machines", size="{{ params.size }}", count="{{ params.count }}"
    ).as_setup()
    encode = OpenEncoderEncodeOperator.partial(
        task_id="encode", preset="{{ params.preset }}", map_index_template="{{ task.source }}"
    ).expand_kwargs(listed)
    # Both setups are named: a teardown runs when at least one has succeeded, and the second may die on its way.
    delete = OpenEncoderDeleteMachinesOperator(task_id="delete_machines", created_by="create_machines").as_teardown(
        setups=[listed, create], on_failure_fail_dagrun=True
    )

    listed >> create >> encode >> delete
