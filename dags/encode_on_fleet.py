"""Rent machines, encode a list of videos on them, and give the machines back.

Each video's output and, last, its `manifest.json` go to `<destination>/<source name without its suffix>/`, whatever
becomes of the others. `create_machines` is a setup and `delete_machines` its teardown: it runs however the encodes end,
when the setup came only half of the way, and when the run is marked as failed or as a success: Airflow then leaves it
running until the machines are gone. It tries for an hour. A run that is cleared takes its machines and jobs over.

The run is a success only if all of it was done; one that was stopped is red, whatever it was marked as.

Machines outlive their run only if `delete_machines` itself is stopped by hand, or if the server is away for more than
that hour: it is red then, and does the rest when it is cleared. While the DAG is paused it does not begin, and the
machines stay: pause it between runs. One run at a time, because the server cannot tell whose
a machine is: what is rented by hand meanwhile in the same size may be deleted, too.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, get_current_context, task, task_group

from reelworks.core.presets import preset_names
from reelworks.notify import tell_failure
from reelworks.openencoder.operators import (
    OpenEncoderCreateMachinesOperator,
    OpenEncoderDeleteMachinesOperator,
    OpenEncoderEncodeOperator,
    OpenEncoderNoteMachinesOperator,
)
from reelworks.pipeline import check_outcome, each_below, publish_each
from reelworks.tasks import DEFAULTS
from reelworks.web.task import publishing_task

# No dagrun_timeout: when one strikes, Airflow skips the teardown, too.
with DAG(
    "encode_on_fleet",
    description="Rent machines, encode a list of videos on them, give the machines back",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=DEFAULTS,
    params={
        "sources": Param(["s3://inbox/video.mp4"], type="array", items={"type": "string"}, minItems=1, title="Sources"),
        "destination": Param("s3://outbox/fleet", type="string", pattern="^s3://.+", title="Destination prefix"),
        "preset": Param("h264_main_720p_3000", enum=[*preset_names("openencoder")], title="Preset"),
        "size": Param("s-1vcpu-1gb", type="string", title="Machine size"),
        "count": Param(1, type="integer", minimum=1, maximum=10, title="Machines"),
    },
):

    @task(retries=0)
    def videos(params: dict[str, list[str]]) -> list[dict[str, str]]:
        """List what is to be encoded where; refuse what cannot work before a machine is rented."""
        return each_below(str(params["destination"]), params["sources"])

    note = OpenEncoderNoteMachinesOperator(
        task_id="note_machines", size="{{ params.size }}", created_by="create_machines"
    ).as_setup()
    create = OpenEncoderCreateMachinesOperator(
        task_id="create_machines", size="{{ params.size }}", count="{{ params.count }}"
    ).as_setup()
    # Both setups are named: a teardown runs when at least one has succeeded, and the second may die on its way.
    delete = OpenEncoderDeleteMachinesOperator(
        task_id="delete_machines",
        created_by="create_machines",
        noted_by="note_machines",
        retries=60,
        retry_delay=timedelta(minutes=1),
    ).as_teardown(setups=[note, create], on_failure_fail_dagrun=True)

    @task(retries=0)
    def outcome() -> None:
        """Fail if anything else has not succeeded. A teardown as well: nothing else runs in a run that was marked."""
        check_outcome(get_current_context())

    @task_group
    def video(source: str, destination: str) -> None:
        """Encode one video and publish its manifest; the others do not matter to it, nor the manifest to the fleet."""
        encode = OpenEncoderEncodeOperator(
            task_id="encode",
            source=source,
            preset="{{ params.preset }}",
            destination=destination,
            aws_conn_id="{{ macros.reelworks.setting('REELWORKS_AWS_CONN') }}",
            map_index_template="{{ task.source }}",
        )

        @publishing_task(map_index_template="{{ task.op_args[0] }}")
        def publish(destination: str) -> str:
            """Add pictures, and write the manifest, last of all: where it is, everything it names is."""
            return publish_each(destination, "video.encode", get_current_context())

        create >> encode >> [publish(destination), delete]

    listed = videos()
    listed >> note >> create
    [video.expand_kwargs(listed), delete] >> outcome().as_teardown(on_failure_fail_dagrun=True)
