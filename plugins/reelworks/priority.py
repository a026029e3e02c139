"""Whose turn it is when there are more tasks than slots.

Airflow prefers what has much depending on it: by that, hundreds of videos would all be probed, enhanced and encoded
before the first is published, and nothing would be noticed or reaped until then.
"""

from __future__ import annotations

HOUSEKEEPING = 100
"""``priority_weight`` of short tasks that nothing may hold up: more than any task of a video has."""

NEARLY_DONE_FIRST = "upstream"
"""``weight_rule`` of a video's tasks: whoever is further on goes before."""
