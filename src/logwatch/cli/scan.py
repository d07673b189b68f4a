"""`logwatch scan`: the known errors in files or a pipe, and what to do about them."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from logwatch.catalogue.causality import Edges
from logwatch.catalogue.entry import Language
from logwatch.catalogue.load import Catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.cli.entries import catalogue_options, load_entries
from logwatch.cli.gathering import Firsts, Gathering, Seen
from logwatch.cli.inspection import Account, Batch, Inspection, in_turn
from logwatch.cli.sightings import Sighting
from logwatch.cli.terminal import Progress, look_of, progress
from logwatch.errors import Problem
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, Origin, Publisher
from logwatch.incident.incident import Incident
from logwatch.path_template import PathTemplate, TemplateError, compile_template, labels_for
from logwatch.render.inert import inert
from logwatch.render.jsonl import event_line, incident_line
from logwatch.render.report import Finding, Spot, report
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import STDIN, Targets, targets

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
    language: Language,
) -> int:
    """\b
    logwatch scan train.log
    logwatch scan logs/                         every file below
    logwatch scan '/logs/**/rank*.log' --path-labels '/logs/{job}/rank{rank}.log'
    kubectl logs job/llm | logwatch scan
    logwatch scan --format json train.log | jq .error_id

    Finds known errors, and says what to do first, what will not help, and why. Reads plain files, gzip and
    pipes; needs no configuration and no network, and changes nothing.

    Exit status: 0 nothing known was found, 1 something was, 2 something could not be read.
    """
    wanted = targets(files or [_standard_input()])
    catalogue = load_entries(folders, no_shipped=no_shipped)
    publisher = Publisher(catalogue.entries, catalogue.version, language)
    witness = Witness(publisher, templates)
    look_into = partial(_messages, wanted, _scanner(catalogue), jobs)
    with progress(sys.stderr, wanted.size, wanted=form == "text" or not sys.stdout.isatty()) as bar:
        inspection = Inspection(wanted, _sayer(bar), _advancer(bar))
        if form == "json" and not incidents:
            return _status(inspection, found=_print(inspection.testimonies(look_into(witness.line))) > 0)
        interrupted = False
        advisor = Advisor(catalogue.entries, catalogue.version, language)
        if incidents:
            folded = _folded(inspection.testimonies(look_into(witness.event)), advisor, catalogue.edges)
            findings = [_of_incident(incident) for incident in folded]
        else:
            gathering = Gathering()
            interrupted = _gather(gathering, inspection.testimonies(look_into(witness.seen)))
            findings = list(gathering.findings(advisor))
    if form == "json":
        _print(incident_line(finding.incident) for finding in findings)
    else:
        effort = inspection.effort(len(catalogue.entries))
        click.echo(report(findings, effort, look_of(sys.stdout, language)), nl=False)
    return _INTERRUPTED if interrupted else _status(inspection, found=bool(findings))


def _messages(
    wanted: Targets, scanner: Scanner, jobs: int | None, testify: Callable[[Sighting], T]
) -> Iterator[Batch[T] | Account]:
    jobs = min(len(wanted.files), _worth(wanted) if jobs is None else jobs)
    if jobs <= 1:
        return in_turn(wanted.files, scanner, testify)
    from logwatch.cli.workers import side_by_side  # noqa: PLC0415 - it brings multiprocessing

    return side_by_side(wanted.files, scanner, testify, jobs)


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


def _scanner(catalogue: Catalogue) -> Scanner:
    scanner = Scanner(rules_of(catalogue.entries.values()))
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


@dataclass(slots=True)
class Witness:
    """Makes events of sightings. All files are of this host and, unless their paths say so, of one job."""

    publisher: Publisher
    templates: Sequence[PathTemplate]
    host: str = field(default_factory=lambda: os.uname().nodename)
    _origins: dict[str, Origin] = field(default_factory=dict)
    _firsts: Firsts = field(default_factory=Firsts)

    def _origin(self, path: str) -> Origin:
        if path not in self._origins:
            # Only the file at hand is ever asked for.
            self._origins = {path: self._origin_of(path)}
        return self._origins[path]

    def _origin_of(self, path: str) -> Origin:
        is_file = path != STDIN
        return Origin(
            source="scan",
            path=path,
            generation=1,
            generation_key=f"{os.path.realpath(path) if is_file else path}\0scan",
            labels=labels_for(self.templates, str(Path(path).absolute())) if is_file else {},
            host=self.host,
        )

    def line(self, sighting: Sighting) -> bytes:
        """The published event. It has no context, so none is looked for."""
        return event_line(self._event(sighting, ()))

    def event(self, sighting: Sighting) -> Event:
        return self._event(sighting, sighting.surroundings())

    def seen(self, sighting: Sighting) -> Seen:
        labels = {**sighting.labels, **self._origin(sighting.path).labels}
        spot = Spot(sighting.path, sighting.line_number, labels, sighting.written)
        error_id = sighting.match.rule
        is_first = self._firsts.is_first(error_id, spot)
        return Seen(error_id, spot, self.event(sighting) if is_first else None)

    def _event(self, sighting: Sighting, context: Sequence[str]) -> Event:
        return self.publisher.event(
            sighting.match,
            self._origin(sighting.path),
            offset=sighting.offset,
            line_number=sighting.line_number,
            now=sighting.time,
            context=context,
            labels=sighting.labels,
            # What comes through a pipe is taken to be written as it comes.
            is_dated=sighting.written is not None or sighting.path == STDIN,
        )


def _print(lines: Iterable[bytes]) -> int:
    """How many there were."""
    printed = 0
    for line in lines:
        sys.stdout.buffer.write(line)
        printed += 1
    return printed


def _gather(gathering: Gathering, everything: Iterable[Seen]) -> bool:
    """Whether somebody did not want to wait for the end; what was gathered until then is worth telling."""
    try:
        for seen in everything:
            gathering.add(seen)
    except KeyboardInterrupt:
        return True
    return False


def _folded(events: Iterable[Event], advisor: Advisor, edges: Edges) -> Iterable[Incident]:
    from logwatch.incident.replay import fold  # noqa: PLC0415 - not every scan folds

    return fold(events, advisor, edges)


def _of_incident(incident: Incident) -> Finding:
    evidence = incident.evidence
    return Finding(incident, Spot(evidence.path, evidence.line_number, incident.labels, incident.first_seen))


def _status(inspection: Inspection, *, found: bool) -> int:
    if inspection.trouble:
        return _TROUBLE
    return _FOUND if found else _NOTHING
