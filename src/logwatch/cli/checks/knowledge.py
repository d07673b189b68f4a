"""Whether the catalogue loads, and what it holds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from logwatch.catalogue.load import Catalogue, load, shipped_folder
from logwatch.catalogue.rules import rules_of
from logwatch.cli.checks.finding import Finding, Mark, counted, of_problem
from logwatch.errors import CatalogueError
from logwatch.scan.scanner import Scanner

# More would push the rest of the list off the screen; `catalogue lint` tells them all.
MOST_WARNINGS = 5


def check_catalogue(shipped: bool, paths: Sequence[Path]) -> Iterator[Finding]:
    folders = [*([shipped_folder()] if shipped else []), *paths]
    try:
        catalogue = load(folders)
    except CatalogueError as error:
        yield from (of_problem(problem, "catalogue") for problem in error.problems)
        return
    if not catalogue.entries:
        yield Finding(
            Mark.TROUBLE, "catalogue", "holds no entry: nothing will be recognised", "set `shipped: true`"
        )
        return
    yield Finding(Mark.OK, "catalogue", _told(catalogue))
    yield from _warnings(catalogue)


def _told(catalogue: Catalogue) -> str:
    replaced = f", {len(catalogue.overridden)} of them replaced" if catalogue.overridden else ""
    return f"{counted(len(catalogue.entries), 'entry', 'entries')}{replaced}, version {catalogue.version}"


def _warnings(catalogue: Catalogue) -> Iterator[Finding]:
    for problem in catalogue.warnings[:MOST_WARNINGS]:
        yield of_problem(problem, "catalogue", Mark.WARNING)
    if len(catalogue.warnings) > MOST_WARNINGS:
        more = counted(len(catalogue.warnings) - MOST_WARNINGS, "more warning")
        yield Finding(Mark.WARNING, "catalogue", more, "see all with: logwatch catalogue lint")
    slow = Scanner(rules_of(catalogue.entries.values()), engine="plain").without_literal
    if slow:
        yield Finding(
            Mark.WARNING,
            "catalogue",
            f"{', '.join(slow[:MOST_WARNINGS])}{' …' if len(slow) > MOST_WARNINGS else ''}: "
            "without a fixed text in the pattern, it is tried on every line",
            "put words that always occur into the pattern",
        )
