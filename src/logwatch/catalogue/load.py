"""Folders of records become a catalogue. All mistakes of all folders are reported at once."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import regex
from pydantic import ValidationError

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.edges import read_edges, texts
from logwatch.catalogue.entry import Entry
from logwatch.catalogue.folders import record_files, shipped_folder
from logwatch.catalogue.places import line_of
from logwatch.errors import CatalogueError, Problem

__all__ = ["Catalogue", "line_of", "load", "parse", "shipped_folder"]


@dataclass(frozen=True, slots=True)
class _Read:
    path: Path
    text: str
    entry: Entry


def load(folders: Sequence[Path], *, proven: Collection[Path] = ()) -> Catalogue:
    """Reads every `*.json` below `folders`; a later folder overrides an earlier one by id.

    The patterns of `proven` folders are known to compile and are not tried here: a thousand would take
    more than a second.

    Raises:
        CatalogueError: with every mistake in every folder.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    layers = [list(_read_folder(f, problems, warnings, proven=f in proven)) for f in folders]
    in_force: dict[str, _Read] = {}
    overridden: dict[str, Path] = {}
    for layer in layers:
        problems.extend(_duplicates(layer))
        for read in layer:
            if read.entry.id in in_force:
                overridden[read.entry.id] = in_force[read.entry.id].path
            in_force[read.entry.id] = read
    aliases = _aliases(in_force, problems)
    edges = read_edges(folders, {name: read.entry for name, read in in_force.items()}, problems)
    if problems:
        raise CatalogueError(problems)
    ordered = dict(sorted(in_force.items()))
    return Catalogue(
        entries={name: read.entry for name, read in ordered.items()},
        aliases=aliases,
        files={name: read.path for name, read in ordered.items()},
        warnings=tuple(warnings),
        sha256=_digest([*(read.text for read in ordered.values()), *texts(folders)]),
        overridden=overridden,
        edges=edges,
    )


def _digest(texts: Iterable[str]) -> str:
    total = hashlib.sha256()
    for text in texts:
        total.update(hashlib.sha256(text.encode()).digest())
    return total.hexdigest()


def _read_folder(
    folder: Path, problems: list[Problem], warnings: list[Problem], *, proven: bool
) -> Iterator[_Read]:
    if not folder.is_dir():
        problems.append(
            Problem(str(folder), "is not a folder", "name a folder of JSON records, one per known error")
        )
        return
    for path in record_files(folder):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), f"cannot be read: {error}", "make it a readable UTF-8 file"))
            continue
        entry = parse(text, path, problems, proven=proven)
        if entry is None:
            continue
        warnings.extend(_unknown_fields(entry, path, text))
        yield _Read(path, text, entry)


def parse(text: str, path: Path, problems: list[Problem], *, proven: bool = False) -> Entry | None:
    """One record; its mistakes go to `problems`, each with the line it stands on.

    `proven` patterns are not compiled.
    """
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        problems.append(
            Problem(f"{path}:{error.lineno}", f"is not JSON: {error.msg}", f"look at column {error.colno}")
        )
        return None
    if not isinstance(raw, dict):
        problems.append(Problem(str(path), "is not one record", "write one JSON object per file"))
        return None
    try:
        entry = Entry.model_validate(raw)
    except ValidationError as error:
        problems.extend(_validation_problems(error, text, path))
        return None
    found = len(problems)
    for name in () if proven else ("regex", "clears"):
        problems.extend(_regex_problems(name, getattr(entry, name), text, path))
    return entry if len(problems) == found else None


def _regex_problems(name: str, pattern: str, text: str, path: Path) -> Iterator[Problem]:
    try:
        regex.compile(pattern, regex.ASCII)
    except regex.error as error:
        where = f"{path}:{line_of(text, (name,))}"
        yield Problem(where, f"`{name}` does not compile: {error}", f"correct the pattern {pattern!r}")


def _validation_problems(error: ValidationError, text: str, path: Path) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = tuple(detail["loc"])
        name = ".".join(map(str, place))
        if detail["type"] == "missing":
            remedy = f"add `{place[-1]}`"
        elif name == "id":
            remedy = "write domain/slug in lower case, as in nccl/watchdog-timeout"
        else:
            remedy = f"it is {_short(detail['input'])} now"
        yield Problem(f"{path}:{line_of(text, place)}", f"`{name}`: {detail['msg']}", remedy)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _unknown_fields(entry: Entry, path: Path, text: str) -> Iterator[Problem]:
    for name in entry.unknown_fields:
        yield Problem(
            f"{path}:{line_of(text, (name,))}",
            f"`{name}` is not a field of a record; it is kept and has no effect",
            "see docs/catalogue.md for the fields",
        )


def _duplicates(layer: Sequence[_Read]) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for read in layer:
        if read.entry.id in first:
            yield Problem(
                f"{read.path}:{line_of(read.text, ('id',))}",
                f"the id {read.entry.id} is taken by {first[read.entry.id]}",
                "give it an id of its own; to replace a shipped entry, put yours in another folder",
            )
        first.setdefault(read.entry.id, read.path)


def _aliases(in_force: Mapping[str, _Read], problems: list[Problem]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for read in in_force.values():
        for alias in read.entry.aliases:
            owner = alias if alias in in_force else aliases.get(alias)
            if owner is not None and owner != read.entry.id:
                problems.append(
                    Problem(
                        f"{read.path}:{line_of(read.text, ('aliases',))}",
                        f"the alias {alias} already belongs to {owner}",
                        "an alias is a former id of this entry alone",
                    )
                )
            aliases[alias] = read.entry.id
    return aliases
