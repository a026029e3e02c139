"""Take one video through a recipe: probe, enhance, encode, verify, publish.

Trigger it with an S3 source, a recipe and an S3 destination. Outputs and, last, ``manifest.json`` go to
``<destination>/<source key without its suffix>/<recipe>/``. A source that cannot be worked on costs nothing: the run
fails once, and ``<destination>/_quarantine/<key>.json`` says why. With ``dry_run`` nothing is done; what would be, and
at what estimated amount, is the XCom ``dry_run`` of ``probe``.

Only what is not there yet is made: after a change of the recipe, a new run makes the outputs that it touches. To make
everything again, clear the run. A run that failed keeps what it has paid for: clear the task that failed, and all goes
on from there.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, TaskGroup, get_current_context

from reelworks.notify import tell_failure
from reelworks.process.jobs import (
    RecipeByteNiteEncodeOperator,
    RecipeEnhanceOperator,
    RecipeOpenEncoderEncodeOperator,
)
from reelworks.process.operators import ProbeOperator
from reelworks.process.plan import SLOTS, work
from reelworks.process.tasks import verified_and_published
from reelworks.recipes import recipe_names
from reelworks.settings import environment
from reelworks.tasks import NEARLY_DONE_FIRST
from reelworks.web.task import publishing_task

ENCODERS = {"bytenite": RecipeByteNiteEncodeOperator, "openencoder": RecipeOpenEncoderEncodeOperator}

# Read when a task runs: a look-up here would be one each time that this file is parsed.
S3 = {"aws_conn_id": "{{ macros.reelworks.setting('REELWORKS_AWS_CONN') }}"}
WORK = {
    **S3,
    "source": "{{ work(ti).source }}",
    "preset": "{{ work(ti).preset }}",
    "destination": "{{ work(ti).destination }}",
}

with DAG(
    "process_video",
    description="Take one video through a recipe: probe, enhance, encode, verify, publish",
    doc_md=__doc__,
    schedule=None,
    # Most of a run is waiting at a service; Airflow's own 16 would let one full service hold up the others.
    max_active_runs=64,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=NEARLY_DONE_FIRST,
    user_defined_macros={"work": work},
    params={
        "source": Param("s3://inbox/video.mp4", type="string", pattern="^s3://.+", title="Source"),
        "recipe": Param("web", enum=[*recipe_names()], title="Recipe"),
        "destination": Param("s3://outbox", type="string", pattern="^s3://.+", title="Destination prefix"),
        "dry_run": Param(False, type="boolean", title="Only say what would be done"),
        "version": Param(
            None, type=["null", "string"], title="Version id or ETag that the source must have (empty: any)"
        ),
    },
):
    probe = ProbeOperator(
        task_id="probe",
        source="{{ params.source }}",
        recipe="{{ params.recipe }}",
        destination="{{ params.destination }}",
        version="{{ params.version or '' }}",
        is_dry_run="{{ params.dry_run }}",
        **S3,
    )
    enhance = RecipeEnhanceOperator(
        task_id="enhance",
        preview_seconds="{{ work(ti).preview_seconds }}",
        keep_remote="{{ 'yes' if work(ti).keep_remote else '' }}",
        pool=environment("REELWORKS_PIXOP_POOL"),
        **WORK,
    )

    with TaskGroup("encode") as encode:
        # What a recipe has no encode for is skipped by probe, and so is enhance: skipped tasks never start.
        for service, operator in ENCODERS.items():
            pool = environment(f"REELWORKS_{service.upper()}_POOL")
            for number in SLOTS:
                operator(task_id=f"{service}_{number}", pool=pool, trigger_rule="none_failed_min_one_success", **WORK)

    @publishing_task(trigger_rule="none_failed_min_one_success")
    def verify_and_publish() -> str:
        """Verify all outputs, then copy them to where readers look, the manifest last."""
        return verified_and_published(get_current_context())

    publish = verify_and_publish()
    probe >> enhance >> encode >> publish
    probe >> [encode, publish]
