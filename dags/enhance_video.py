"""Enhance one video with Pixop: check, enhance, publish.

Trigger it with an S3 source, an S3 destination and a preset. The result and, last, ``manifest.json`` go to
``<destination>/<source name without its suffix>/``. With ``preview_seconds`` only a clip of that length is processed,
at a fraction of the price; it goes to a folder ``preview`` in there, where it is in the way of nothing.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, get_current_context

from reelworks.core.presets import preset_names
from reelworks.notify import tell_failure
from reelworks.pipeline import publish_each
from reelworks.pixop.operators import PixopEnhanceOperator
from reelworks.settings import environment
from reelworks.tasks import DEFAULTS
from reelworks.web.task import publishing_task

PLACE = (
    "{{ macros.reelworks.below(params.destination, params.source) }}{{ '/preview' if params.preview_seconds else '' }}"
)

with DAG(
    "enhance_video",
    description="Take a video out of S3, enhance it with Pixop, check the result and put it back",
    doc_md=__doc__,
    schedule=None,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=DEFAULTS,
    params={
        "source": Param("s3://inbox/video.mp4", type="string", pattern="^s3://.+", title="Source"),
        "destination": Param("s3://outbox/enhanced", type="string", pattern="^s3://.+", title="Destination prefix"),
        "preset": Param("sd_tape_1080p", enum=[*preset_names("pixop")], title="Preset"),
        "preview_seconds": Param(
            None, type=["null", "number"], minimum=1, maximum=600, title="Seconds of a preview (empty: all of it)"
        ),
    },
):
    enhance = PixopEnhanceOperator(
        task_id="enhance",
        source="{{ params.source }}",
        preset="{{ params.preset }}",
        destination=PLACE,
        preview_seconds="{{ params.preview_seconds }}",
        aws_conn_id="{{ macros.reelworks.setting('REELWORKS_AWS_CONN') }}",
        pool=environment("REELWORKS_PIXOP_POOL"),
    )

    @publishing_task
    def publish(place: str) -> str:
        """Add pictures, and write the manifest, last of all: where it is, everything it names is."""
        return publish_each(place, "enhance", get_current_context())

    enhance >> publish(PLACE)
