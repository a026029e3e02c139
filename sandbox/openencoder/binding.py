"""Request bodies as the server takes them: Go's JSON decoder, then the `binding` rules of the struct."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

WORDS = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ',' delimiter": "after object key:value pair",
    "Expecting ':' delimiter": "after object key",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}
KINDS = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}


class BindingError(Exception):
    """The body is not what the endpoint takes; the message is what the server answers."""


@dataclass(frozen=True)
class Field:
    """One field of a struct: its name in Go, in JSON, its type, and what the server checks."""

    go: str
    key: str
    kind: type = str
    rule: str = "required"

    def failing(self, value: Any) -> str | None:
        """Return the tag that the value does not pass, if any."""
        if self.rule.startswith("eq="):
            allowed = [part.removeprefix("eq=") for part in self.rule.split("|")]
            return None if (value or "") in allowed else self.rule
        if self.rule == "required" and (value is None or (self.kind is not bool and not value)):
            return "required"
        return None


@dataclass(frozen=True)
class Count(Field):
    """A number from 1 to 10."""

    kind: type = int

    def failing(self, value: Any) -> str | None:
        """Return the tag that the value does not pass, if any."""
        if not value:
            return "required"
        return "min" if value < 1 else "max" if value > 10 else None


@dataclass(frozen=True)
class Struct:
    """A request type."""

    name: str
    fields: tuple[Field, ...]

    def parse(self, body: bytes) -> dict[str, Any]:
        """Return the fields by JSON name, missing ones as None; raises BindingError."""
        return self.validated(self._fill(decode(body)))

    def validated(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values if they pass the rules."""
        failed = [(field, tag) for field in self.fields if (tag := field.failing(values[field.key]))]
        if failed:
            lines = (
                f"Key: '{self.name}.{field.go}' Error:Field validation for '{field.go}' failed on the '{tag}' tag"
                for field, tag in failed
            )
            raise BindingError("\n".join(lines))
        return values

    def parse_form(self, body: bytes) -> dict[str, Any]:
        """Return the fields of a form-encoded body."""
        sent = dict(reversed(parse_qsl(body.decode(errors="replace"))))
        return self.validated({field.key: sent.get(field.key) for field in self.fields})

    def _fill(self, content: Any) -> dict[str, Any]:
        values: dict[str, Any] = dict.fromkeys(field.key for field in self.fields)
        if content is not None and not isinstance(content, Members):
            raise BindingError(f"json: cannot unmarshal {_kind(content)} into Go value of type server.{self.name}")
        # Go ignores the case of keys, and the last of several wins.
        by_key = {field.key.lower(): field for field in self.fields}
        for key, value in content.pairs if content else ():
            field = by_key.get(key.lower())
            if field is not None and value is not None:
                values[field.key] = self._typed(field, value)
        return values

    def _typed(self, field: Field, value: Any) -> Any:
        if type(value) is field.kind and not (isinstance(value, int) and abs(value) >= 2**63):
            return value
        found = _kind(value)
        if found == "number" and field.kind is int:
            found = f"number {value}"
        wanted = {str: "string", bool: "bool", int: "int"}[field.kind]
        raise BindingError(
            f"json: cannot unmarshal {found} into Go struct field {self.name}.{field.key} of type {wanted}"
        )


@dataclass(frozen=True)
class Members:
    """An object's members in the order they were sent."""

    pairs: list[tuple[str, Any]]


def decode(body: bytes) -> Any:
    """Return the first JSON value of the body; objects as Members. Raises BindingError with Go's words."""
    text = body.decode(errors="replace").lstrip(" \t\r\n")
    if not text:
        raise BindingError("EOF")
    decoder = json.JSONDecoder(object_pairs_hook=Members, parse_constant=_no_constant)
    try:
        return _sound(decoder.raw_decode(text)[0])
    except json.JSONDecodeError as error:
        raise BindingError(_complaint(text, error)) from None
    except RecursionError:
        raise BindingError("exceeded max depth") from None
    except ValueError as error:
        raise BindingError(str(error)) from None


def _kind(content: Any) -> str:
    return KINDS.get(type(content), "object")


def _no_constant(word: str) -> None:
    raise ValueError(f"invalid character '{word[0]}' looking for beginning of value")


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text) or error.msg.startswith("Unterminated"):
        return "unexpected EOF"
    return f"invalid character '{text[error.pos]}' {WORDS.get(error.msg, 'looking for beginning of value')}"


def _sound(content: Any) -> Any:
    """Replace halves of surrogate pairs, as Go does: they could not be written anywhere."""
    if isinstance(content, str):
        return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(content, list):
        return [_sound(item) for item in content]
    if isinstance(content, Members):
        return Members([(_sound(key), _sound(value)) for key, value in content.pairs])
    return content
