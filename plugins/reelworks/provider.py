"""What Reelworks adds to Airflow: connection types with their forms."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider; read by Airflow through the entry point ``apache_airflow_provider``."""
    return {
        "package-name": "reelworks",
        "name": "Reelworks",
        "description": "Encode and enhance videos with remote services.",
        "connection-types": [_bytenite(), _openencoder(), _pixop()],
    }


def _bytenite() -> dict[str, Any]:
    return {
        "connection-type": "bytenite",
        "hook-class-name": "reelworks.bytenite.hook.ByteNiteHook",
        "hook-name": "ByteNite",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "login", "port", "extra"],
            "relabeling": {"password": "API key", "host": "Base URL"},
            "placeholders": {"host": "https://api.bytenite.com"},
        },
        "conn-fields": {
            "access_token": _field("Ready access token (instead of an API key)", "string", format="password"),
            "token_prefix": _field("Word before the token in the Authorization header (usually none)", "string"),
            "allow_http": ALLOW_HTTP,
        },
    }


def _openencoder() -> dict[str, Any]:
    return {
        "connection-type": "openencoder",
        "hook-class-name": "reelworks.openencoder.hook.OpenEncoderHook",
        "hook-name": "Open Encoder",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "port", "extra"],
            "relabeling": {"host": "Base URL", "login": "User name"},
            "placeholders": {"host": "http://localhost:8080", "login": "admin"},
        },
        "conn-fields": {
            "inbound_bucket": _field("Inbound bucket (else read from the server's settings, by an admin)", "string"),
            "outbound_bucket": _field("Outbound bucket (likewise)", "string"),
            "aws_conn_id": _field("AWS connection of these buckets (else the one of REELWORKS_AWS_CONN)", "string"),
            "allow_http": ALLOW_HTTP,
        },
    }


def _pixop() -> dict[str, Any]:
    return {
        "connection-type": "pixop",
        "hook-class-name": "reelworks.pixop.hook.PixopHook",
        "hook-name": "Pixop",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "port", "extra"],
            "relabeling": {"host": "Base URL", "login": "E-mail"},
            "placeholders": {"host": "https://staging-api.pixop.com", "login": "you@example.com"},
        },
        "conn-fields": {
            "team_id": _field("Team id (else the account's own choice of its teams)", "string"),
            "allow_http": ALLOW_HTTP,
        },
    }


def _field(label: str, kind: str, **schema: Any) -> dict[str, Any]:
    return {"label": label, "schema": {"type": [kind, "null"], **schema}}


ALLOW_HTTP = _field("Allow plain http to another machine", "boolean", default=False)
