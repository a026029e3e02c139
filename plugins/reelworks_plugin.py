"""The one file of ours that Airflow's plugin scanner loads; the package beside it is kept from it by .airflowignore.

Connection types, hooks and operators need no plugin: the package's provider entry point registers them.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from reelworks.pipeline import below
from reelworks.settings import setting
from reelworks.web import PREFIX


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request for one of our pages.

    Every scheduler, worker and task loads this file; only a web server that is asked pays for the pages' imports.
    """
    from reelworks.web.app import app

    await app(scope, receive, send)


class ReelworksPlugin(AirflowPlugin):
    """Adds ``macros.reelworks.below`` and ``.setting`` to every template, and pages for pictures to the web server."""

    name = "reelworks"
    macros = [below, setting]  # noqa: RUF012 - Airflow's own attribute
    fastapi_apps = [{"app": pages, "url_prefix": PREFIX, "name": "reelworks"}]  # noqa: RUF012
