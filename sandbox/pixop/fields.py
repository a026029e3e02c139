"""Reads the fields of a request's JSON; null is the same as absent."""

from collections.abc import Iterable, Mapping
from typing import Any


class BadRequestError(Exception):
    """The request breaks a rule; the text names the field and becomes the `errorMessage`."""


def read_object(
    fields: Mapping[str, Any], name: str, known: Iterable[str], where: str | None = None
) -> Mapping[str, Any]:
    """Return an object without unknown fields; an absent one is empty."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestError(f"{name} must be an object")
    for key in value:
        if key not in known:
            prefix = f"{name}." if where is None else where
            raise BadRequestError(f"{prefix}{str(key)[:60]} is not a field of the request")
    return value


def read_choice(fields: Mapping[str, Any], name: str, allowed: Iterable[str], where: str = "") -> str | None:
    """Return one of the texts that are allowed, or None."""
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or value not in allowed):
        raise BadRequestError(f"{where}{name} must be one of {listed(allowed)}, not {_shown(value)}")
    return value


def read_whole(fields: Mapping[str, Any], name: str, bounds: tuple[int, int | None], where: str) -> int | None:
    """Return a whole number within bounds, both included, or None. True is no number."""
    value = fields.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise BadRequestError(f"{where}{name} must be a whole number, not {_shown(value)}")
    _check_bounds(value, bounds, where + name)
    return value


def read_number(fields: Mapping[str, Any], name: str, bounds: tuple[float, float], where: str) -> float | None:
    """Return a number within bounds, both included, or None."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:  # NaN is not itself
        raise BadRequestError(f"{where}{name} must be a number, not {_shown(value)}")
    _check_bounds(value, bounds, where + name)
    return float(value)


def _check_bounds(value: float | None, bounds: tuple[float, float | None], name: str) -> None:
    least, most = bounds
    if value is not None and (value < least or (most is not None and value > most)):
        limits = f"at least {least}" if most is None else f"between {least} and {most}"
        raise BadRequestError(f"{name} must be {limits}, not {_shown(value)}")


def listed(allowed: Iterable[Any]) -> str:
    """Return allowed values as a message lists them."""
    return ", ".join(map(str, allowed))


def _shown(value: Any) -> str:
    return repr(value)[:60]
