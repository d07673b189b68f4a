"""Whether a catalogue does what it says.

An *error* is a record that does not do what it says; a *warning* is one that could do it better. The shipped
catalogue is held to more than somebody's own: there, what is demanded is an error where it is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from logwatch.catalogue.checks import ALL_CHECKS, EXAMPLE_CHECKS, THEFT_CHECKS, Check
from logwatch.catalogue.desk import Case, Finding, Level, Shelf
from logwatch.catalogue.evidence import SideFiles, read_side_files
from logwatch.catalogue.load import line_of, load


def read_shelf(folders: Sequence[Path], strict: Sequence[Path] = (), judged: Sequence[Path] = ()) -> Shelf:
    """The catalogue of `folders` with its side files.

    Entries that lie in a `strict` folder are held to more; only what lies in a `judged` folder is judged, or
    everything where none is named.

    Raises:
        CatalogueError: with every mistake in every folder.
    """
    catalogue = load(folders)
    side = read_side_files(folders)
    is_strict, is_judged = _lies_in(strict), _lies_in(judged or folders)
    known = catalogue.entries
    return Shelf(
        catalogue=catalogue,
        texts={name: path.read_text(encoding="utf-8") for name, path in catalogue.files.items()},
        side=SideFiles(
            {name: one for name, one in side.evidence.items() if name in known or is_judged(one[0].path)},
            [family for family in side.families if is_judged(family[0].path)],
        ),
        strict=frozenset(name for name, path in catalogue.files.items() if is_strict(path)),
        judged=frozenset(name for name, path in catalogue.files.items() if is_judged(path)),
    )


def _lies_in(folders: Sequence[Path]) -> Callable[[Path], bool]:
    whole = [folder.resolve() for folder in folders]
    return lambda path: any(path.resolve().is_relative_to(folder) for folder in whole)


def lint(shelf: Shelf) -> list[Finding]:
    """Every check of every entry, and of the tables beside them."""
    return [*_each(shelf, ALL_CHECKS), *lint_side_files(shelf)]


def check_examples(shelf: Shelf) -> list[Finding]:
    """Only what the examples say: each is found, by its own entry first; no near miss is."""
    return [*_each(shelf, EXAMPLE_CHECKS), *_lost_evidence(shelf)]


def _each(shelf: Shelf, checks: Mapping[str, Check]) -> Iterator[Finding]:
    """What is judged, and of the rest, what the judged entries take away from it."""
    for case in shelf.cases():
        yield from lint_case(case, checks if case.entry.id in shelf.judged else THEFT_CHECKS)


def lint_case(case: Case, checks: Mapping[str, Check]) -> list[Finding]:
    """The findings of `checks` on one entry; one that is accepted with a reason is only a warning."""
    findings = [replace(finding, check=name) for name, check in checks.items() for finding in check(case)]
    return [
        _as_accepted(finding, case) if finding.check in case.accepted else finding for finding in findings
    ]


def _as_accepted(finding: Finding, case: Case) -> Finding:
    what = f"{finding.what} (accepted: {case.accepted[finding.check]})"
    return replace(finding, level=Level.WARNING, what=what)


def lint_side_files(shelf: Shelf) -> list[Finding]:
    """Whether the tables beside the entries agree with them."""
    return [*_families(shelf), *_lost_evidence(shelf)]


def _families(shelf: Shelf) -> Iterator[Finding]:
    """The table knows the entries that there are, and those of the family carry its pattern."""
    entries = shelf.catalogue.entries
    for beside, family in shelf.side.families:
        for row in family.rows:
            member = family.member(row)
            name = row.entry or member
            where = f"{beside.path}:{line_of(beside.text, ('rows', name))}"
            if row.entry is not None and row.entry not in entries:
                what = f"the family {family.name} names {name}, which is not in the catalogue"
                remedy = "correct `entry`, or set it to null"
            elif member in entries and row.entry != member:
                what = f"the family {family.name} does not know that there is an entry {member}"
                remedy = f'write "entry": "{member}" in the row of {row.code}'
            elif member in entries and entries[member].regex != family.pattern_of(row):
                where = f"{shelf.catalogue.files[name]}:{line_of(shelf.texts[name], ('regex',))}"
                what = f"the pattern is not that of its family {family.name}"
                remedy = f"it has to be {family.pattern_of(row)}"
            else:
                continue
            yield Finding(Level.ERROR, name, where, what, remedy, "family")


def _lost_evidence(shelf: Shelf) -> Iterator[Finding]:
    for name, (beside, _) in shelf.side.evidence.items():
        if name not in shelf.catalogue.entries:
            where = f"{beside.path}:{line_of(beside.text, (name,))}"
            what = f"evidence for {name}, which is not in the catalogue"
            yield Finding(Level.ERROR, name, where, what, "correct the id, or take it out", "evidence")
