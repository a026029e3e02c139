"""The one file of ours that Airflow's plugin scanner loads; the package beside it is kept from it by .airflowignore.

Connection types, hooks and operators need no plugin: the package's provider entry point registers them.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from reelworks.pipeline import below


class ReelworksPlugin(AirflowPlugin):
    """Adds the macro ``macros.reelworks.below`` to every template."""

    name = "reelworks"
    macros = [below]  # noqa: RUF012 - Airflow's own attribute
