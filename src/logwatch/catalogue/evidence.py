"""What stands beside the records: files whose names begin with `_`, which are data and no records.

`_evidence.json`, at the head of a folder, gives examples to records that cannot carry them because they
came from elsewhere and stay as they came: `{id: {"match": […], "no_match": […], "accepted": {check: why}}}`.

`_families/*.json` hold tables of errors that differ in a value only (an Xid's code): one pattern for all of
them, with a place for the value, so that they cannot drift apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from logwatch.catalogue.entry import ENTRY_ID, Examples
from logwatch.catalogue.load import line_of
from logwatch.catalogue.side_file import read_json
from logwatch.errors import CatalogueError, Problem

EVIDENCE = "_evidence.json"
FAMILIES = "_families"

_T = TypeVar("_T")


class Evidence(Examples):
    """Examples for a record, and the checks that it is known to fail, each with the reason why it stays."""

    model_config = ConfigDict(extra="forbid")

    accepted: Mapping[str, str] = Field(default_factory=dict)


class Row(BaseModel):
    """One value of a family, and the entry that speaks of it, if any; its pattern goes on with `tail`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    code: int | str
    entry: str | None = None
    tail: str = ""


class Family(BaseModel):
    """Errors that differ in a value only; `{code}`, or another key of a row, is its place in `pattern`.

    An entry that is called `<name>-<code>` carries exactly this pattern; one of another name need not.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=f"^{ENTRY_ID}$")
    pattern: str
    rows: tuple[Row, ...]

    def member(self, row: Row) -> str:
        """The id of an entry of this family for `row`, whether there is one or not."""
        return f"{self.name}-{row.code}".lower()

    def pattern_of(self, row: Row) -> str:
        pattern = self.pattern
        for key, value in row.model_dump().items():
            pattern = pattern.replace(f"{{{key}}}", str(value))
        return pattern + row.tail


@dataclass(frozen=True, slots=True)
class Beside:
    """A side file as it was read: its text serves to name lines."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class SideFiles:
    """All side files of some folders; a later folder's evidence for an id replaces an earlier one's."""

    evidence: Mapping[str, tuple[Beside, Evidence]]
    families: Sequence[tuple[Beside, Family]]


def read_side_files(folders: Sequence[Path]) -> SideFiles:
    """Reads the side files of `folders`.

    Raises:
        CatalogueError: with every mistake in every one of them.
    """
    problems: list[Problem] = []
    evidence: dict[str, tuple[Beside, Evidence]] = {}
    families: list[tuple[Beside, Family]] = []
    for folder in folders:
        if (folder / EVIDENCE).is_file():
            beside, by_id = _read(folder / EVIDENCE, TypeAdapter(dict[str, Evidence]), problems)
            evidence.update({name: (beside, one) for name, one in (by_id or {}).items()})
        for path in sorted((folder / FAMILIES).glob("*.json")):
            beside, family = _read(path, TypeAdapter(Family), problems)
            families.extend([(beside, family)] if family is not None else [])
    if problems:
        raise CatalogueError(problems)
    return SideFiles(evidence, families)


def _read(path: Path, shape: TypeAdapter[_T], problems: list[Problem]) -> tuple[Beside, _T | None]:
    said = read_json(path, problems)
    if said is None:
        return Beside(path, ""), None
    text, body = said
    beside = Beside(path, text)
    try:
        return beside, shape.validate_python(body)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = f"{path}:{line_of(beside.text, detail['loc'])}"
            name = ".".join(map(str, detail["loc"]))
            problems.append(
                Problem(where, f"`{name}`: {detail['msg']}", "see `Side files` in docs/catalogue.md")
            )
    return beside, None
