"""Bring the files of `include/presets/openencoder` to the Open Encoder server.

Creates what is missing, updates what differs, and reports what only the server has. A change of `output` fails before
anything is changed: the server does not save it, so such a preset needs a new name. The other services take a preset's
content with each job and need no such step.
"""

from __future__ import annotations

from airflow.sdk import DAG

from reelworks.notify import tell_failure
from reelworks.openencoder.operators import OpenEncoderSyncPresetsOperator
from reelworks.tasks import DEFAULTS

with DAG(
    "sync_presets",
    description="Bring the preset files to the Open Encoder server",
    doc_md=__doc__,
    schedule=None,
    max_active_runs=1,
    tags=["reelworks"],
    on_failure_callback=tell_failure,
    default_args=DEFAULTS,
):
    OpenEncoderSyncPresetsOperator(task_id="sync_presets")
