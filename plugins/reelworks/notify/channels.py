"""Where notifications go: the providers' own notifiers, named by `REELWORKS_NOTIFY` with their Airflow connections.

``slack:<conn>`` (an incoming webhook), ``slack:<conn>:<channel>`` (the API), ``email:<conn>:<address>`` and
``webhook:<conn>``. The connections hold all secrets.
"""

from __future__ import annotations

import html
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from reelworks.core.errors import BadInputError

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

    from reelworks.notify.report import Report

log = logging.getLogger(__name__)

TIMEOUT = 10
"""Seconds for which a service may keep silent."""

_CONN = re.compile(r"[\w.-]+")

LIMIT = 13.0
"""Seconds after which a notifier is left behind for the next; Airflow ends all of them after 50."""


def send(channels: Sequence[str], report: Report) -> None:
    """Send a report through all channels. One that fails or hangs holds up no other."""
    for channel in channels:
        thread = threading.Thread(target=_sent, args=(channel, report), daemon=True, name="notify")
        thread.start()
        thread.join(LIMIT)
        if thread.is_alive():
            log.error("%s: not sent within %g s", shown(channel), LIMIT)


def shown(channel: str) -> str:
    """Return ``<kind>:<conn>``: an address, which somebody may have put there, is a webhook's secret."""
    kind, _, rest = channel.partition(":")
    conn_id = rest.partition(":")[0]
    return f"{kind if kind in KINDS else '…'}:{conn_id if _CONN.fullmatch(conn_id) else '…'}"


def notifier(channel: str, report: Report) -> BaseNotifier:
    """Make the notifier that a word of the setting names.

    :raises BadInputError: there is no such channel.
    """
    kind, _, rest = channel.partition(":")
    conn_id, _, target = rest.partition(":")
    if kind not in KINDS or not conn_id or (kind == "email" and not target) or target.startswith("//"):
        raise BadInputError(
            f"REELWORKS_NOTIFY has {shown(channel)}: give slack:<conn>, email:<conn>:<address> or webhook:<conn>; "
            "<conn> is the id of a connection; addresses with secrets belong into that"
        )
    return KINDS[kind](conn_id, target, report)


def _sent(channel: str, report: Report) -> None:
    try:
        _notified(channel, report)
    except BadInputError as error:
        log.error("%s", error)
    except Exception as error:  # not its text, which may quote an address that is a secret
        log.error("%s: not sent (%s)", shown(channel), type(error).__name__)
    else:
        log.info("%s: told that %s of %s has %s", shown(channel), report.run_id, report.dag_id, report.event)


def _notified(channel: str, report: Report, *, again: float | None = 1.0) -> None:
    try:
        # Not called like a function: that would render the text, and what others called their files is in there.
        notifier(channel, report).notify({})
    except BadInputError:
        raise
    except Exception:
        if again is None:
            raise
        time.sleep(again)
        _notified(channel, report, again=None)


def _slack(conn_id: str, channel: str, report: Report) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack import SlackNotifier
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    text = "\n".join(report.lines)
    for plain, escaped in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
    ):  # else a file called <!channel> calls everyone
        text = text.replace(plain, escaped)
    # Slack's own library logs what it sends again with the whole address, and a webhook's is its secret.
    usual: dict[str, Any] = {"text": text, "timeout": TIMEOUT, "retry_handlers": [], "unfurl_links": False}
    if channel:
        return SlackNotifier(slack_conn_id=conn_id, channel=channel, **usual)
    return SlackWebhookNotifier(slack_webhook_conn_id=conn_id, **usual)


def _email(conn_id: str, address: str, report: Report) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    body = "<br>\n".join(html.escape(line) for line in report.lines)
    return SmtpNotifier(smtp_conn_id=conn_id, to=address, subject=report.subject, html_content=body)


def _webhook(conn_id: str, endpoint: str, report: Report) -> BaseNotifier:
    from airflow.providers.http.notifications.http import HttpNotifier

    return HttpNotifier(
        http_conn_id=conn_id, endpoint=endpoint or None, json=report.as_json(), extra_options={"timeout": TIMEOUT}
    )


KINDS: dict[str, Callable[[str, str, Report], BaseNotifier]] = {"slack": _slack, "email": _email, "webhook": _webhook}
