"""Editors are told of every field, and accept every record that the loader accepts."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.load import shipped_folder
from logwatch.catalogue.scaffold import draft
from logwatch.catalogue.schema import MEANINGS, entry_schema

from .records import good_record

SCHEMA = entry_schema()
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def violations(value: Any, schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """As much of JSON schema as the schema of a record uses."""
    unknown = schema.keys() - {
        *("$ref", "$defs", "$schema", "title", "description", "default", "additionalProperties"),
        *(
            "anyOf",
            "enum",
            "type",
            "pattern",
            "minimum",
            "maximum",
            "minLength",
            "required",
            "properties",
            "items",
        ),
    }
    assert not unknown
    if "$ref" in schema:
        yield from violations(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], place)
    if "anyOf" in schema and all(list(violations(value, one, place)) for one in schema["anyOf"]):
        yield f"{place}: {value!r} is none of {schema['anyOf']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not one of {schema['enum']}"
    if "type" in schema:
        yield from _violations_of_type(value, schema, place)


def _violations_of_type(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if not isinstance(value, TYPES[schema["type"]]) or (
        isinstance(value, bool) and schema["type"] != "boolean"
    ):
        yield f"{place}: {value!r} is no {schema['type']}"
        return
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value) or len(value) < schema.get("minLength", 0):
            yield f"{place}: {value!r} has the wrong form"
    elif isinstance(value, int | float):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{place}: {value!r} is out of range"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from violations(item, schema.get("items", {}), f"{place}[{number}]")
    elif isinstance(value, dict):
        yield from (f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            yield from violations(item, schema.get("properties", {}).get(name, {}), f"{place}.{name}")


def shipped_files() -> list[Path]:
    folder = shipped_folder()
    return [path for path in sorted(folder.rglob("*.json")) if "/_" not in path.as_posix()]


def test_every_shipped_record_is_valid() -> None:
    for path in shipped_files():
        assert list(violations(json.loads(path.read_text(encoding="utf-8")), SCHEMA, path.name)) == []


def test_a_record_just_begun_is_valid() -> None:
    begun = draft("a line with words", "acme", today="2026-11-22")
    assert list(violations(dict(begun.record), SCHEMA)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "No Slash"},
        {"regex": ""},
        {"signature": 7},
        {"severity": "bad"},
        {"confidence": 1.5},
        {"confidence": True},
        {"decision": "pray"},
        {"sources": ["attic"]},
        {"evidence_count": -1},
        {"workarounds": [{"success_rate": 0.5}]},
        {"workarounds": "reboot"},
        {"examples": {"match": [{"where": "a forum"}]}},
        {"transition_graph": {"leads_to": [7]}},
    ],
)
def test_what_the_loader_refuses_is_not_valid(changes: dict[str, Any]) -> None:
    assert list(violations({**good_record(), **changes}, SCHEMA))


@pytest.mark.parametrize("name", ["id", "signature", "regex"])
def test_what_is_required_is_required(name: str) -> None:
    record = good_record()
    del record[name]
    assert list(violations(record, SCHEMA)) == [f": {name} is missing"]


@pytest.mark.parametrize(
    "changes",
    [
        {"root_cause": None},
        {"versions": None},
        {"error_code": 79},
        {"resolvable": True},
        {"decision": None},
        {"workarounds": [{"action": "Wait.", "versions": "torch>=2.5", "os_specific": None}]},
        {"transition_graph": {"leads_to": ["a/b", {"error_id": "c/d", "probability": 0.5}]}},
        {"a_field_of_somebody_else": 1},
    ],
)
def test_what_the_loader_accepts_is_valid(changes: dict[str, Any]) -> None:
    assert list(violations({**good_record(), **changes}, SCHEMA)) == []


def test_every_field_of_every_part_says_what_it_is_for() -> None:
    for model, meanings in MEANINGS.items():
        assert set(meanings) == set(model.model_fields)
        assert all(meanings.values())
    parts = {model.__name__ for model in MEANINGS} - {"Entry"}
    assert parts == {name for name, part in SCHEMA["$defs"].items() if part["type"] == "object"}


def test_the_schema_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
