"""`logwatch scan`: the known errors in files or a pipe, and what to do about them."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.kept import Known
from logwatch.cli.entries import catalogue_options, load_known
from logwatch.cli.inspection import Account, Batch, Inspection, in_turn
from logwatch.cli.terminal import Progress, progress
from logwatch.errors import Problem
from logwatch.path_template import PathTemplate, TemplateError, compile_template
from logwatch.render.effort import nothing_found
from logwatch.render.inert import inert
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import STDIN, Targets, targets
from logwatch.tail.parts import parts_of

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Language
    from logwatch.cli.sightings import Sighting
    from logwatch.cli.telling import Telling
    from logwatch.render.report import Finding

_NOTHING, _FOUND, _TROUBLE, _INTERRUPTED = 0, 1, 2, 130
# Bytes. Starting a process takes as long as reading a tenth of that.
_WORTH_A_PROCESS = 64 << 20

T = TypeVar("T")


@click.command(short_help="Find known errors in files or a pipe.")
@click.argument("files", nargs=-1, metavar="[FILE|DIR|GLOB|-]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text: one report, grouped by error. json: one event a line, as it is found.",
)
@click.option("--incidents", is_flag=True, help="Fold echoes under their cause; in json one incident a line.")
@click.option(
    "--path-labels",
    "templates",
    metavar="TEMPLATE",
    multiple=True,
    callback=lambda _ctx, _option, texts: [_template(text) for text in texts],
    help="Read labels off the path, as in '/logs/{job}/rank{rank}.log'. The first that fits. Repeatable.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Look into N files at once. Usual: as many as there are processors, where the files are large.",
)
@catalogue_options
def scan(
    files: Sequence[str],
    form: str,
    incidents: bool,
    templates: Sequence[PathTemplate],
    jobs: int | None,
    folders: Sequence[Path],
    no_shipped: bool,
    language: "Language",
) -> int:
    """\b
    logwatch scan train.log
    logwatch scan logs/                         every file below
    logwatch scan '/logs/**/rank*.log' --path-labels '/logs/{job}/rank{rank}.log'
    kubectl logs job/llm | logwatch scan
    logwatch scan --format json train.log | jq .error_id

    Finds known errors, and says what to do first, what will not help, and why. Reads plain files, gzip and
    pipes; needs no configuration and no network, and leaves nothing but a cache of its own (LOGWATCH_CACHE).

    Exit status: 0 nothing known was found, 1 something was, 2 something could not be read.
    """
    wanted = targets(files or [_standard_input()])
    known = load_known(folders, no_shipped=no_shipped)
    catalogue = known.catalogue
    look_into = partial(_messages, wanted, _scanner(known), jobs)
    # Made at the first finding.
    telling = cache(partial(_telling, catalogue, language, templates))
    with progress(sys.stderr, wanted.size, wanted=form == "text" or not sys.stdout.isatty()) as bar:
        inspection = Inspection(wanted, _sayer(bar), _advancer(bar))
        if form == "json" and not incidents:
            lines = inspection.testimonies(look_into(_of_errors(lambda sighting: telling().line(sighting))))
            return _status(inspection, found=_print(lines) > 0)
        if incidents:
            events = inspection.testimonies(look_into(lambda sighting: telling().event(sighting)))
            findings = _of_any(events, lambda all_: telling().folded(all_))
        else:
            everything = inspection.testimonies(
                look_into(_of_errors(lambda sighting: telling().seen(sighting)))
            )
            findings = _of_any(everything, lambda all_: telling().gathered(all_))
    effort = inspection.effort(len(catalogue.entries))
    if form == "json":
        _print(telling().line_of(finding) for finding in findings)
    elif findings:
        click.echo(telling().page(findings, effort), nl=False)
    else:
        click.echo(nothing_found(effort, language))
    return _status(inspection, found=bool(findings))


def _telling(catalogue: Catalogue, language: "Language", templates: Sequence[PathTemplate]) -> "Telling":
    from logwatch.cli.telling import Telling  # noqa: PLC0415 - it brings pydantic and much more

    return Telling(catalogue, language, templates)


def _of_errors(testify: "Callable[[Sighting], T]") -> "Callable[[Sighting], T | None]":
    """That an error is over tells something only of an incident."""
    return lambda sighting: None if sighting.match.clears else testify(sighting)


def _of_any(found: Iterator[T], tell: "Callable[[Iterable[T]], list[Finding]]") -> "list[Finding]":
    first = next(found, None)
    return [] if first is None else tell(chain([first], found))


def _messages(
    wanted: Targets, scanner: Scanner, jobs: int | None, testify: "Callable[[Sighting], T | None]"
) -> Iterator[Batch[T] | Account]:
    parts = list(parts_of(wanted.files))
    jobs = min(len(parts), _worth(wanted) if jobs is None else jobs)
    if jobs <= 1:
        return in_turn(parts, scanner, testify)
    from logwatch.cli.workers import side_by_side  # noqa: PLC0415 - it brings multiprocessing

    return side_by_side(parts, scanner, testify, jobs)


def _worth(wanted: Targets) -> int:
    """How many processes pay: one for a start, another for each part that takes longer than to start it."""
    return min(len(os.sched_getaffinity(0)), 1 + wanted.size // _WORTH_A_PROCESS)


def _standard_input() -> str:
    """`-`, where somebody has put a pipe or a file there."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
        return STDIN
    raise click.UsageError("Name a file or folder, or pipe a log in: kubectl logs job/llm | logwatch scan")


def _template(text: str) -> PathTemplate:
    try:
        return compile_template(text)
    except TemplateError as error:
        raise click.BadParameter(f"{text}: {error}; {error.remedy}") from None


def _scanner(known: Known) -> Scanner:
    scanner = Scanner(known.index)
    for error_id in scanner.without_literal:
        _say(Problem(error_id, "its pattern has no fixed text, so it is tried on every line: this is slow"))
    return scanner


def _say(problem: Problem) -> None:
    click.echo(inert(f"logwatch: {problem}"), err=True)


def _sayer(bar: Progress | None) -> Callable[[Problem], None]:
    def say(problem: Problem) -> None:
        if bar is not None:
            bar.erase()
        _say(problem)

    return say


def _advancer(bar: Progress | None) -> Callable[[int, str], None]:
    def advanced(read: int, path: str) -> None:
        # Whoever reads our output should not wait for the next chunk of a slow pipe.
        sys.stdout.flush()
        if bar is not None:
            bar.show(read, path)

    return advanced


def _print(lines: Iterable[bytes]) -> int:
    """How many there were."""
    printed = 0
    for line in lines:
        sys.stdout.buffer.write(line)
        printed += 1
    return printed


def _status(inspection: Inspection, *, found: bool) -> int:
    if inspection.interrupted:
        return _INTERRUPTED
    if inspection.trouble:
        return _TROUBLE
    return _FOUND if found else _NOTHING
