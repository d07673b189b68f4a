"""What pydantic found, in words for the person who wrote it."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from logwatch.config.document import Document, Place
from logwatch.config.model import RECEIVERS, SECTIONS, SOURCES

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "byte_size": "a size in bytes, as 262144 or 256KiB",
    "byte_size_unit": "a size in bytes, as 262144 or 256KiB",
    "dict_type": "names and values",
    "finite_number": "a number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "mapping_type": "names and values",
    "model_attributes_type": "a section with keys",
    "model_type": "a section with keys",
    "path_type": "a path",
    "string_type": "text",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "or more"),
    "less_than_equal": ("le", "or less"),
}


def explain(error: ValidationError, document: Document) -> None:
    """Adds what `error` found to the mistakes of `document`, at the places where they were written.

    What was complained about already is left out: one mistake is told once.
    """
    for detail in error.errors(include_url=False):
        place = _place(detail["loc"], document.value)
        # A list whose items are all wrong is "too short" for pydantic; the items were told already.
        only_of_bad_items = detail["type"] == "too_short" and detail["input"]
        if not only_of_bad_items and not document.has_mistake_at(place):
            what, remedy = _told(detail, place)
            document.complain(place, what, remedy)


def _place(loc: Sequence[str | int], value: Any) -> Place:
    """`loc` without the steps that pydantic adds of its own: tags of unions, marks of keys."""
    place: list[str | int] = []
    for i, part in enumerate(loc):
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]  # type: ignore[index]
        elif i < len(loc) - 1 or part == "[key]" or _is_tag(part, place):
            continue
        place.append(part)
    return tuple(place)


def _is_tag(part: str | int, place: Sequence[str | int]) -> bool:
    """Whether `part` only says of which type the item at `place` is."""
    match place:
        case ["sources", int()]:
            return part in SOURCES
        case ["notify", int()]:
            return part in RECEIVERS
    return False


def _told(detail: ErrorDetails, place: Place) -> tuple[str, str]:
    kind = detail["type"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    name = _spoken(place)
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"], place)
    if kind == "missing":
        return f"{_owner(place)} has no `{place[-1]}`", f"add `{place[-1]}: …`"
    if kind == "mistake":
        return f"`{name}` {context['what']}", str(context["remedy"])
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        return _unknown_type(name, detail["input"], SOURCES if place[0] == "sources" else RECEIVERS)
    is_secret = _is_secret(detail["loc"])
    given = "(not shown)" if is_secret else _short(detail["input"])
    return f"`{name}` is {given}", _expected(kind, context, detail["input"], is_secret=is_secret)


def _is_secret(loc: Sequence[str | int]) -> bool:
    """Whether the value there may be a secret, which is never repeated. After its number stands its type."""
    receiver = RECEIVERS.get(str(loc[2])) if len(loc) > 3 and loc[0] == "notify" else None
    return receiver is not None and not receiver.credentials.keys().isdisjoint(loc[3:])


def _expected(kind: str, context: Mapping[str, Any], given: Any, *, is_secret: bool) -> str:
    if kind in _BOUNDS:
        bound, direction = _BOUNDS[kind]
        return f"write {context[bound]:g} {direction}"
    if kind in {"literal_error", "enum"}:
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        return _one_of(str(given), choices)
    if kind == "too_short":
        return "name at least one"
    if kind == "tuple_type" and isinstance(given, str) and not is_secret:
        return f"write a list: [{json.dumps(given, ensure_ascii=False)}]"
    return f"write {_EXPECTED.get(kind, 'something else: ' + kind)}"


def _unknown_key(loc: Sequence[str | int], place: Place) -> tuple[str, str]:
    section = SECTIONS[tuple(part for part in loc[:-1] if isinstance(part, str))]
    return f"{_owner(place)} has no key `{place[-1]}`", _one_of(str(place[-1]), list(section.model_fields))


def _unknown_type(name: str, given: Any, types: Mapping[str, Any]) -> tuple[str, str]:
    written = given.get("type") if isinstance(given, dict) else None
    if written is None:
        return f"`{name}` does not say its type", f"add `type: …`, one of {', '.join(types)}"
    return f"`{name}` is of the unknown type {_short(written)}", _one_of(str(written), list(types))


def _one_of(written: str, choices: Sequence[str]) -> str:
    close = difflib.get_close_matches(written.lower(), choices, n=1)
    return f"did you mean `{close[0]}`?" if close else f"write one of {', '.join(choices)}"


def _owner(place: Place) -> str:
    return f"`{_spoken(place[:-1])}`" if len(place) > 1 else "the configuration"


def _spoken(place: Place) -> str:
    """`sources[0].paths[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _short(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
