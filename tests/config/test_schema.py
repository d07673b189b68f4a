"""The schema for editors allows what the loader takes, and finds what it would refuse."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from logwatch import config
from logwatch.config.model import SECTIONS
from logwatch.config.schema import config_schema

EXAMPLE = Path(__file__).parents[2] / "config" / "logwatch.yaml"
VALIDATOR = jsonschema.Draft202012Validator(config_schema())
SOURCE = {"name": "train", "paths": ["/logs/*.log"]}


def taken(body: dict[str, Any]) -> bool:
    """Whether the loader takes it."""
    text = yaml.safe_dump(body)
    env = {"LEVEL": "debug", "FILES": "12"}
    return not config.examine(Path("/site.yaml"), env, lambda p: text if p.suffix else "secret").problems


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(config_schema())


def test_the_example_with_every_key_fits() -> None:
    VALIDATOR.validate(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sources": [SOURCE]},
        {"events": None, "http": None},
        {"events": {"path": "-"}, "host": None},
        {"limits": {"max_record_bytes": "256KiB", "batch_bytes": 4194304}},
        {"limits": {"max_open_files": "${FILES}"}, "log": {"level": "${LEVEL:-info}"}},
        {"notify": [{"type": "webhook", "name": "a", "url": "https://example.com", "secret": "one"}]},
        {"notify": [{"type": "webhook", "name": "a", "url": "https://example.com", "secret": ["a", "b"]}]},
        {"notify": [{"type": "webhook", "name": "a", "url": "https://example.com", "secret_file": "one"}]},
    ],
)
def test_what_the_loader_takes_fits(body: dict[str, Any]) -> None:
    assert taken(body)
    VALIDATOR.validate(body)


@pytest.mark.parametrize(
    "body",
    [
        {"sauces": [SOURCE]},
        {"sources": [{"name": "train"}]},
        {"sources": [{**SOURCE, "pats": []}]},
        {"sources": [{**SOURCE, "kind": "trainings"}]},
        {"sources": SOURCE},
        {"notify": [{"type": "telegram", "name": "a"}]},
        {"limits": {"sweep_s": "often"}},
        {"limits": {"pattern_timeout_s": 1000}},
        {"log": {"level": "loud"}},
        {"catalogue": None},
    ],
)
def test_what_the_loader_refuses_does_not_fit(body: dict[str, Any]) -> None:
    assert not taken(body)
    assert not VALIDATOR.is_valid(body)


def test_every_key_is_described() -> None:
    schema = config_schema()
    sections = {place[0] for place in SECTIONS if place}
    for model in SECTIONS.values():
        where = schema if model is config.Config else schema["$defs"][model.__name__]
        for name, property_ in where["properties"].items():
            assert "description" in property_ or name in sections, name
