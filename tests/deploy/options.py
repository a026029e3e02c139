"""What this Airflow, with the providers that are installed, can be set to."""

from collections.abc import Iterable

from airflow.configuration import conf

HIDDEN = {("scheduler", "num_stuck_in_queued_retries")}
"""What the scheduler reads and Airflow's reference leaves out; tests/cluster/test_outage.py sees that it is heeded."""


def unknown(settings: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return those (section, option) pairs that it does not have: what it would pass over without a word."""
    options = conf.configuration_description
    return sorted(pair for pair in {*settings} - HIDDEN if pair[1] not in options.get(pair[0], {}).get("options", {}))
