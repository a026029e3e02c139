"""``make secrets``: a ``.env`` for docker-compose.yaml, with a secret for everything that wants one.

Standard library only: a machine that runs containers needs no ``.venv`` for it.
"""

import base64
import json
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stack import ROOT
from stack.secret import write_private

# Without letters that an address or a quoted line would have to escape.
_WORD = secrets.token_hex


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MADE: Mapping[str, Callable[[], str]] = {
    "FERNET_KEY": _fernet_key,
    "JWT_SECRET": lambda: _WORD(64),  # HS512 wants as many bytes as its hash has
    "API_SECRET_KEY": lambda: _WORD(32),
    "POSTGRES_PASSWORD": lambda: _WORD(24),
    "REDIS_PASSWORD": lambda: _WORD(24),
    "ADMIN_PASSWORD": lambda: _WORD(12),  # the one that a person types
    "SANDBOX_S3_ACCESS_KEY": lambda: _WORD(10),
    "SANDBOX_S3_SECRET_KEY": lambda: _WORD(20),
    "SANDBOX_BYTENITE_API_KEY": lambda: _WORD(20),
    "SANDBOX_OPENENCODER_ADMIN_PASSWORD": lambda: _WORD(12),
    "SANDBOX_PIXOP_PASSWORD": lambda: _WORD(12),
}
"""How each secret is made."""

LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def filled(text: str) -> tuple[str, list[str]]:
    """Return a ``.env`` with what it lacks, and the names of that; what it says already stays as it is."""
    new: list[str] = []
    known = read(text)
    for name, make in MADE.items():
        if known.get(name):
            continue
        known[name] = make()
        new.append(name)
        if re.search(rf"^{name}=[ \t]*$", text, re.MULTILINE):
            text = re.sub(rf"^{name}=[ \t]*$", f"{name}={known[name]}", text, count=1, flags=re.MULTILINE)
        else:
            text = f"{text.rstrip()}\n{name}={known[name]}\n"
    if "sandbox" in known.get("COMPOSE_PROFILES", "").split(","):
        missing = {name: value for name, value in sandbox_lines(known).items() if not known.get(name)}
        if missing:
            text = f"{text.rstrip()}\n\n# --- How Airflow reaches the sandbox\n"
            text += "".join(f"{name}='{value}'\n" for name, value in missing.items())
            new += missing
    return text, new


def read(text: str) -> dict[str, str]:
    """Return what a ``.env`` says; of a name that it has twice the last, as for compose."""
    return {name: _unquoted(value) for name, value in LINE.findall(text)}


def sandbox_lines(known: Mapping[str, str]) -> dict[str, str]:
    """Make Airflow connections to compose's sandbox with the secrets it is given, and name its queue."""
    plain = {"allow_http": True}  # between containers of one machine
    endpoints = {"s3": {"endpoint_url": "http://sandbox:9000"}, "sqs": {"endpoint_url": "http://sandbox:9324"}}
    connections: dict[str, dict[str, Any]] = {
        "aws": {
            "conn_type": "aws",
            "login": known["SANDBOX_S3_ACCESS_KEY"],
            "password": known["SANDBOX_S3_SECRET_KEY"],
            "extra": {"region_name": "us-east-1", "service_config": endpoints},
        },
        "bytenite": {
            "conn_type": "bytenite",
            "host": "http://sandbox:8090",
            "password": known["SANDBOX_BYTENITE_API_KEY"],
            "extra": plain,
        },
        "openencoder": {
            "conn_type": "openencoder",
            "host": "http://sandbox:8091",
            "login": "admin",
            "password": known["SANDBOX_OPENENCODER_ADMIN_PASSWORD"],
            "extra": plain,
        },
        "pixop": {
            "conn_type": "pixop",
            "host": "http://sandbox:8092",
            "login": "reelworks@example.com",
            "password": known["SANDBOX_PIXOP_PASSWORD"],
            "extra": plain,
        },
    }
    lines = {f"AIRFLOW_CONN_{name.upper()}_DEFAULT": json.dumps(content) for name, content in connections.items()}
    return lines | {"REELWORKS_QUEUE": "http://sandbox:9324/000000000000/reelworks-inbox"}


def main(folder: Path = ROOT) -> int:
    """Fill in ``folder/.env``, made of ``.env.example`` if there is none; the exit code."""
    target = folder / ".env"
    text = (target if target.exists() else folder / ".env.example").read_text()
    text, new = filled(text)
    if new:
        write_private(target, text)
        print(f"Written to .env: {', '.join(new)}.")  # noqa: T201
        print("Keep a copy of FERNET_KEY in a safe place. Airflow's admin signs in with ADMIN_PASSWORD.")  # noqa: T201
    else:
        target.chmod(0o600)
        print(".env lacks nothing.")  # noqa: T201
    return 0


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


if __name__ == "__main__":
    sys.exit(main())
