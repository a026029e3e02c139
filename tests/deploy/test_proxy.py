"""A proxy that speaks TLS in front of the API server."""

import asyncio
from typing import Any

import pytest
import uvicorn
from airflow.cli.cli_parser import get_parser


def test_the_api_server_believes_the_proxy_that_it_is_asked_over_tls(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = config["services"]["api-server"]
    told = get_parser().parse_args(service["command"][1:]).proxy_headers
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert scheme(told, "https") == "http"  # uvicorn's default believes a proxy on the same machine alone

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", service["environment"]["FORWARDED_ALLOW_IPS"])

    assert scheme(told, "https") == "https"
    assert scheme(told, None) == "http"


def scheme(proxy_headers: bool, forwarded: str | None) -> str:
    """Return what uvicorn, made as Airflow makes it, tells an application of a request from the network's gateway."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["scheme"])

    server = uvicorn.Config(application, proxy_headers=proxy_headers, log_config=None)
    server.load()
    headers = [(b"x-forwarded-proto", forwarded.encode())] if forwarded else []
    scope: Any = {"type": "http", "scheme": "http", "client": ("172.18.0.1", 40000), "headers": headers}
    asyncio.run(server.loaded_app(scope, None, None))  # type: ignore[arg-type]
    return seen[0]
