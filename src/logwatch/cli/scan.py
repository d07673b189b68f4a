"""`logwatch scan`: the known errors in files or a pipe, and what to do about them."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from logwatch.catalogue.entry import Language
from logwatch.catalogue.load import Catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.cli.entries import catalogue_options, load_entries
from logwatch.cli.gathering import Gathering
from logwatch.cli.inspection import Inspection
from logwatch.cli.sightings import Sighting
from logwatch.cli.terminal import Progress, look_of, progress
from logwatch.errors import Problem
from logwatch.incident.event import Event, Origin, Publisher
from logwatch.incident.fold import Advisor
from logwatch.incident.incident import Incident
from logwatch.path_template import PathTemplate, TemplateError, compile_template, labels_for
from logwatch.render.inert import inert
from logwatch.render.jsonl import event_line, incident_line
from logwatch.render.report import Finding, Spot, report
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import STDIN, targets

_NOTHING, _FOUND, _TROUBLE, _INTERRUPTED = 0, 1, 2, 130


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
@catalogue_options
def scan(
    files: Sequence[str],
    form: str,
    incidents: bool,
    templates: Sequence[PathTemplate],
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
    witness = Witness(Publisher(catalogue.entries, catalogue.version, language), templates)
    with progress(sys.stderr, wanted.size, wanted=form == "text" or not sys.stdout.isatty()) as bar:
        inspection = Inspection(_scanner(catalogue), wanted, _sayer(bar), _advancer(bar))
        if form == "json" and not incidents:
            return _status(inspection, found=_print_events(inspection, witness) > 0)
        if incidents:
            findings, interrupted = [_of_incident(i) for i in _folded(inspection, witness)], False
        else:
            findings, interrupted = _gathered(inspection, witness)
    if form == "json":
        _write(incident_line(finding.incident) for finding in findings)
    else:
        effort = inspection.effort(len(catalogue.entries))
        click.echo(report(findings, effort, look_of(sys.stdout, language)), nl=False)
    return _INTERRUPTED if interrupted else _status(inspection, found=bool(findings))


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

    def origin(self, path: str) -> Origin:
        if path not in self._origins:
            # Only the file at hand is ever asked for.
            self._origins = {path: self._origin(path)}
        return self._origins[path]

    def _origin(self, path: str) -> Origin:
        is_file = path != STDIN
        return Origin(
            source="scan",
            path=path,
            generation=1,
            generation_key=f"{os.path.realpath(path) if is_file else path}\0scan",
            labels=labels_for(self.templates, str(Path(path).absolute())) if is_file else {},
            host=self.host,
        )

    def event(self, sighting: Sighting) -> Event:
        return self.publisher.event(
            sighting.match,
            self.origin(sighting.path),
            offset=sighting.offset,
            line_number=sighting.line_number,
            now=sighting.time,
            context=sighting.surroundings(),
            labels=sighting.labels,
        )

    def spot(self, sighting: Sighting) -> Spot:
        labels = {**sighting.labels, **self.origin(sighting.path).labels}
        return Spot(sighting.path, sighting.line_number, labels, sighting.written)


def _print_events(inspection: Inspection, witness: Witness) -> int:
    found = 0
    for sighting in inspection.sightings():
        sys.stdout.buffer.write(event_line(witness.event(sighting)))
        found += 1
    return found


def _gathered(inspection: Inspection, witness: Witness) -> tuple[list[Finding], bool]:
    """The findings by error, and whether somebody did not want to wait for all of them."""
    publisher = witness.publisher
    gathering = Gathering(Advisor(publisher.entries, publisher.catalogue_version, publisher.language))
    interrupted = False
    try:
        for sighting in inspection.sightings():
            spot = witness.spot(sighting)
            if gathering.is_first(sighting.match.rule, spot):
                gathering.add_first(witness.event(sighting), spot)
            else:
                gathering.add(sighting.match.rule, spot)
    except KeyboardInterrupt:
        interrupted = True
    return list(gathering.findings()), interrupted


def _folded(inspection: Inspection, witness: Witness) -> list[Incident]:
    from logwatch.incident.replay import fold  # noqa: PLC0415 - not needed for every scan

    return fold(witness.event(sighting) for sighting in inspection.sightings())


def _of_incident(incident: Incident) -> Finding:
    evidence = incident.evidence
    return Finding(incident, Spot(evidence.path, evidence.line_number, incident.labels, incident.first_seen))


def _write(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line)


def _status(inspection: Inspection, *, found: bool) -> int:
    if inspection.trouble:
        return _TROUBLE
    return _FOUND if found else _NOTHING
