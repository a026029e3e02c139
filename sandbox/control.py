"""The sandbox's own API, beside each service's: ledger, faults, settings. Never faulted, needs no token."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from sandbox.faults import FaultBook, Rule

RULES = TypeAdapter(list[Rule])


def parse_rules(content: Any) -> list[Rule]:
    """Return the rules of one object, of a list, or of `{"rules": [...]}`. Raises pydantic's ValidationError."""
    if isinstance(content, dict) and "rules" in content:
        content = content["rules"]
    return RULES.validate_python(content if isinstance(content, list) else [content])


def control_router(
    *,
    ledger: Callable[[], dict[str, Any]],
    book: FaultBook,
    settings: Callable[[], BaseModel],
    change_settings: Callable[[dict[str, Any]], None],
) -> APIRouter:
    """Return the routes under /sandbox. `change_settings` raises ValidationError for what it does not take."""
    router = APIRouter(prefix="/sandbox")

    @router.get("/ledger")
    async def get_ledger() -> JSONResponse:
        return JSONResponse(ledger())

    @router.get("/faults")
    async def get_faults() -> JSONResponse:
        return JSONResponse({"rules": [rule.report() for rule in book.rules]})

    @router.post("/faults")
    async def add_faults(request: Request) -> JSONResponse:
        try:
            book.add(*parse_rules(await request.json()))
        except (ValidationError, ValueError) as error:
            return refusal(error)
        return JSONResponse({"rules": [rule.report() for rule in book.rules]})

    @router.delete("/faults")
    async def clear_faults() -> JSONResponse:
        book.clear()
        return JSONResponse({"rules": []})

    @router.get("/settings")
    async def get_settings() -> JSONResponse:
        return JSONResponse(settings().model_dump())

    @router.post("/settings")
    async def set_settings(request: Request) -> JSONResponse:
        try:
            change_settings(dict(await request.json()))
        except (ValidationError, ValueError, TypeError) as error:
            return refusal(error)
        return JSONResponse(settings().model_dump())

    return router


def refusal(error: Exception) -> JSONResponse:
    """Say what in the request was not understood."""
    detail = json.loads(error.json(include_url=False)) if isinstance(error, ValidationError) else str(error)
    return JSONResponse({"error": detail}, status_code=400)
