"""The records in force. Apart from what reads them: a start that has them kept does without pydantic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from logwatch.catalogue.causality import NO_EDGES, Edges
from logwatch.errors import Problem

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Entry


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries that are in force, by id, with what was worth a warning while reading them.

    `edges` are what brings about what while a job runs.
    """

    entries: "Mapping[str, Entry]"
    aliases: Mapping[str, str]
    files: Mapping[str, Path]
    warnings: tuple[Problem, ...]
    sha256: str
    overridden: Mapping[str, Path] = field(default_factory=dict)
    edges: Edges = NO_EDGES

    @property
    def version(self) -> str:
        """A short name for exactly these records."""
        return self.sha256[:12]

    def resolve(self, name: str) -> "Entry | None":
        """The entry called `name`, by its id or one of its former ids."""
        return self.entries.get(self.aliases.get(name, name))
