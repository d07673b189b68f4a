"""`docs/configuration.md` and `config/logwatch.yaml` are in step with the models.

After a change to a key, run this file (`python tests/config/test_reference.py`): it rewrites the tables.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from logwatch.config import Config, Destination, Limits, Log, Source, doubts, load
from logwatch.config.model import RECEIVERS, SECTIONS, SOURCES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "configuration.md"
EXAMPLE = ROOT / "config" / "logwatch.yaml"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->\n"


def reference() -> str:
    """The tables of all keys, as they have to stand in the document."""
    return "\n".join(line for section in _sections() for line in _table(*section)) + "\n"


def _sections() -> Iterator[tuple[str, type[BaseModel], set[str]]]:
    """Title, model, and the keys that were told before."""
    shared = set(Destination.model_fields)
    for place, model in SECTIONS.items():
        match place:
            case ():
                yield "At the top", model, set()
            case ("notify", kind):
                if kind == next(iter(RECEIVERS)):
                    yield "`notify` (a list), every receiver", Destination, set()
                yield f"`notify`, `type: {kind}`", model, shared
            case ("sources", kind):
                if kind == next(iter(SOURCES)):
                    yield "`sources` (a list), every source", Source, set()
                yield f"`sources`, `type: {kind}`", model, set(Source.model_fields)
            case (name,):
                yield f"`{name}`" + (" (a list)" if name == "time_intervals" else ""), model, set()
            case _:
                yield f"`{'`, `'.join(place)}` (a list)", model, set()


def _table(title: str, model: type[BaseModel], told: set[str]) -> Iterator[str]:
    yield from [f"### {title}", "", "| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if field.description and name not in told:
            yield f"| `{name}` | {_default(field)} | {field.description} |"
    yield ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*needed*"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, ByteSize):
        return f"`{value.human_readable().replace('.0', '')}`"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return {"()": "none", "{}": "none", "None": "none"}.get(str(value), f"`{value}`")


def test_the_document_lists_every_key_with_its_default() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0] == reference()


def test_every_section_of_the_configuration_is_known_by_its_place() -> None:
    """`SECTIONS` serves the suggestions for unknown keys."""
    sections = {name for name, field in Config.model_fields.items() if not field.description}
    assert sections == {str(place[0]) for place in SECTIONS if place}


@pytest.fixture
def example(tmp_path: Path) -> Config:
    (tmp_path / "slack-url").write_text("https://hooks.slack.com/services/T0/B0/x\n")
    (tmp_path / "hook-secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    return load(EXAMPLE, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_the_example_loads_without_a_doubt(example: Config) -> None:
    assert doubts(example) == ()
    assert [source.name for source in example.sources] == ["train", "kernel", "pods"]
    assert [receiver.type for receiver in example.notify] == ["slack", "webhook", "alertmanager", "terminal"]


def test_the_example_shows_the_defaults_it_says_it_shows(example: Config) -> None:
    assert example.limits == Limits()
    assert example.log == Log()
    unset = Config()
    for key in ("state_dir", "language", "watch", "catalogue", "events", "http"):
        assert getattr(example, key) == getattr(unset, key)


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    keys = {name for model in SECTIONS.values() for name in model.model_fields}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


if __name__ == "__main__":
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    DOCUMENT.write_text(before + BEGIN + reference() + END + rest.partition(END)[2], encoding="utf-8")
