"""Encode one video: check, encode, publish.

Trigger it with an S3 source, an S3 destination, a service, and one of that service's presets. The renditions and, last,
``manifest.json`` go to ``<destination>/<source name without its suffix>/``.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, get_current_context, task

from reelworks.bytenite.operators import ByteNiteEncodeOperator
from reelworks.core.presets import preset_names
from reelworks.notify import tell_failure
from reelworks.openencoder.operators import OpenEncoderEncodeOperator
from reelworks.pipeline import check_request, publish_manifest
from reelworks.settings import environment
from reelworks.tasks import DEFAULTS
from reelworks.web.task import publishing_task

SERVICES = {"bytenite": "encode_with_bytenite", "openencoder": "encode_with_openencoder"}

with DAG(
    "encode_video",
    description="Take a video out of S3, encode it, check the renditions and put them back",
    doc_md=__doc__,
    schedule=None,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=DEFAULTS,
    params={
        "source": Param("s3://inbox/video.mp4", type="string", pattern="^(s3|https)://.+", title="Source"),
        "destination": Param("s3://outbox/encoded", type="string", pattern="^s3://.+", title="Destination prefix"),
        "service": Param("bytenite", enum=[*SERVICES], title="Service"),
        "preset": Param(
            "h264_720p", enum=[name for service in SERVICES for name in preset_names(service)], title="Preset"
        ),
    },
):

    @task.branch(retries=0)
    def check(params: dict[str, str]) -> str:
        """Refuse what cannot work before anything is started, and choose the service's branch."""
        return check_request(params, SERVICES)

    work = {
        "source": "{{ params.source }}",
        "preset": "{{ params.preset }}",
        "destination": "{{ macros.reelworks.below(params.destination, params.source) }}",
        "aws_conn_id": "{{ macros.reelworks.setting('REELWORKS_AWS_CONN') }}",
    }
    encoders = [
        ByteNiteEncodeOperator(task_id="encode_with_bytenite", pool=environment("REELWORKS_BYTENITE_POOL"), **work),
        OpenEncoderEncodeOperator(
            task_id="encode_with_openencoder", pool=environment("REELWORKS_OPENENCODER_POOL"), **work
        ),
    ]

    @publishing_task(trigger_rule="none_failed_min_one_success")
    def publish(params: dict[str, str]) -> str:
        """Add pictures, and write the manifest, last of all: where it is, everything it names is."""
        return publish_manifest(params, [*SERVICES.values()], get_current_context())

    check() >> encoders >> publish()
