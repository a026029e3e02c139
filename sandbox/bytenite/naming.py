"""Result names: the small part of Go's template language that output templates use."""

import re
from typing import Any

from sandbox.bytenite.parameters import ImpossibleError

TOKEN = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\(|\)|[^\s()]+')
DEFAULT = "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}"


def render(template: str, context: dict[str, Any]) -> str:
    """Return the template's text. Knows fields, `if`/`else if`/`else`/`end`, eq, ne, and, or, not."""
    pieces = TOKEN.split(template or DEFAULT)
    # Odd places hold what stood between braces, even places plain text.
    try:
        text, place = _block(pieces, 0, context)
    except RecursionError:
        raise ImpossibleError("output_template is nested too deeply") from None
    if place < len(pieces):
        raise ImpossibleError(f"output_template: unexpected {{{{{pieces[place][:40]}}}}}")
    return text


def _block(pieces: list[str], place: int, context: dict[str, Any]) -> tuple[str, int]:
    """Render up to an `else` or `end`; return the text and where that stands."""
    text = ""
    while place < len(pieces):
        piece = pieces[place]
        if place % 2 == 0:
            text += piece
        elif piece.startswith("if "):
            inner, place = _choice(pieces, place, context)
            text += inner
        elif piece.split(" ")[0] in ("else", "end"):
            return text, place
        else:
            text += _show(_value(_words(piece), context))
        place += 1
    return text, place


def _choice(pieces: list[str], place: int, context: dict[str, Any]) -> tuple[str, int]:
    """Render the branch that holds; return it and where the `end` stands."""
    chosen: str | None = None
    condition = pieces[place].removeprefix("if ")
    while True:
        holds = bool(_value(_words(condition), context))
        text, place = _block(pieces, place + 1, context)
        chosen = text if chosen is None and holds else chosen
        if place >= len(pieces):
            raise ImpossibleError("output_template: {{if}} without {{end}}")
        if pieces[place] == "end":
            return chosen or "", place
        condition = pieces[place].removeprefix("else").strip().removeprefix("if ").strip() or '"otherwise"'


def _words(expression: str) -> list[str]:
    return WORD.findall(expression)


def _value(words: list[str], context: dict[str, Any]) -> Any:
    value, rest = _term(words, context)
    if rest:
        raise ImpossibleError(f"output_template: cannot read {' '.join(words)[:60]!r}")
    return value


def _term(words: list[str], context: dict[str, Any]) -> tuple[Any, list[str]]:
    if not words:
        raise ImpossibleError("output_template: an expression is missing")
    head, rest = words[0], words[1:]
    if head == "(":
        value, rest = _term(rest, context)
        if rest[:1] != [")"]:
            raise ImpossibleError("output_template: a bracket is missing")
        return value, rest[1:]
    if head in ("eq", "ne", "and", "or", "not"):
        return _function(head, rest, context)
    if head.startswith("."):
        return _field(head, context), rest
    if head.startswith('"') and head.endswith('"'):
        return head[1:-1].replace('\\"', '"'), rest
    if re.fullmatch(r"-?\d+", head):
        return int(head), rest
    raise ImpossibleError(f"output_template: {head[:40]!r} is not known")


def _function(name: str, words: list[str], context: dict[str, Any]) -> tuple[Any, list[str]]:
    values = []
    while words and words[0] != ")":
        value, words = _term(words, context)
        values.append(value)
    if len(values) < (1 if name == "not" else 2):
        raise ImpossibleError(f"output_template: {name} needs more arguments")
    match name:
        case "eq":
            return any(values[0] == value for value in values[1:]), words
        case "ne":
            return values[0] != values[1], words
        case "not":
            return not values[0], words
        case "and":
            return next((value for value in values if not value), values[-1]), words
        case _:
            return next((value for value in values if value), values[-1]), words


def _field(path: str, context: dict[str, Any]) -> Any:
    value: Any = context
    for step in path.strip(".").split("."):
        if not step:
            continue
        if not isinstance(value, dict):
            return None
        # Inside output_params the templates use Go's field names: AvgBitrate is avg_bitrate.
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", step).lower()
        value = value.get(step, value.get(snake))
    return value


def _show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def result_name(data: dict[str, Any], index: int, job_name: str) -> str:
    """Return `out_<n>/<name>.mp4` of an output.

    <n> is not the output's index: the service numbers from the other end, as its document shows.
    """
    outputs = data["outputs"]
    output = outputs[index]
    context = {
        "job_name": job_name,
        "name": output.get("name") or "",
        "output_params": output.get("output_params") or {},
        "output_type": output.get("output_type", "mp4"),
    }
    name = re.sub(r"[\s/\\\x00-\x1f]", "_", render(str(data.get("output_template") or ""), context))
    return f"out_{len(outputs) - 1 - index}/{name or 'output'}.mp4"


def hostile_name(index: int) -> str:
    """Return a name that tries to leave the folder it is put in."""
    tries = ["../../x", "/etc/passwd", "..\\..\\x.mp4", "out_0/../../../y.mp4", "a\nb\r\n.mp4", "%2e%2e%2fz.mp4"]
    return tries[index % len(tries)]
