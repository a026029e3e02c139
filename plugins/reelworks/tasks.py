"""What the tasks of all DAGs have in common, and whose turn it is when there are more tasks than slots.

Airflow prefers what has much depending on it: by that, hundreds of videos would all be probed, enhanced and encoded
before the first is published, and nothing would be noticed or reaped until then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reelworks.notify import note_failure

DEFAULTS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "on_failure_callback": note_failure,
}
"""``default_args`` of a DAG."""

HOUSEKEEPING = DEFAULTS | {"priority_weight": 100}
"""Those of short tasks that nothing may hold up: they weigh more than any task of a video."""

NEARLY_DONE_FIRST = DEFAULTS | {"weight_rule": "upstream"}
"""Those of a video's tasks: whoever is further on goes before."""
