"""`logwatch catalogue`: look through the entries, write one, and find out whether they do what they say."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click

from logwatch.catalogue.desk import Finding, Level, Shelf
from logwatch.catalogue.entry import Entry, Language, Severity
from logwatch.catalogue.lint import check_examples, read_shelf
from logwatch.catalogue.lint import lint as run_all_checks
from logwatch.catalogue.load import Catalogue, shipped_folder
from logwatch.catalogue.rules import rules_of
from logwatch.catalogue.scaffold import Draft, NothingFixedError, draft, message_of
from logwatch.catalogue.search import search as search_entries
from logwatch.catalogue.search import similar
from logwatch.cli.entries import catalogue_options, load_entries
from logwatch.cli.figures import figures
from logwatch.cli.terminal import look_of
from logwatch.incident.redact import redact
from logwatch.render.columns import clipped, width_of
from logwatch.render.inert import inert_line
from logwatch.render.look import COLOURS
from logwatch.scan.clean import visible
from logwatch.scan.scanner import Scanner

_FINE, _FOUND_FAULT, _NOTHING = 0, 1, 1
_MARKS = {Level.ERROR: "✗", Level.WARNING: "!"}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
# Where nobody says whose error it is.
_OWN_DOMAIN = "local"


class _Trouble(click.ClickException):
    exit_code = 2


@click.group(short_help="List, search, test, lint and write entries.")
def catalogue() -> None:
    """Look through the entries, write one, and find out whether they do what they say.

    docs/catalogue.md leads from a line of a log to a tested entry.
    """


catalogue.add_command(figures)


@catalogue.command("list")
@click.option("--domain", multiple=True, help="Only entries of this domain, such as nccl. Repeatable.")
@click.option(
    "--severity", type=click.Choice([str(s) for s in Severity]), multiple=True, help="Only these. Repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@catalogue_options
def list_entries(
    domain: Sequence[str],
    severity: Sequence[str],
    as_json: bool,
    folders: Sequence[Path],
    no_shipped: bool,
    language: Language,
) -> int:
    """List the entries in force.

    Exit status: 0 there are some, 1 there is none.
    """
    entries = [
        entry
        for entry in load_entries(folders, no_shipped=no_shipped).entries.values()
        if (not domain or entry.home in domain) and (not severity or entry.severity in severity)
    ]
    _show(entries, language, as_json=as_json)
    return _FINE if entries else _NOTHING


@catalogue.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@catalogue_options
def search(
    words: Sequence[str], as_json: bool, folders: Sequence[Path], no_shipped: bool, language: Language
) -> int:
    """Find entries by WORDS in their id, title, tags, pattern and cause, the best first.

    Exit status: 0 something was found, 1 nothing was.
    """
    entries = load_entries(folders, no_shipped=no_shipped).entries.values()
    hits = search_entries(entries, [part for word in words for part in word.split()])
    _show([hit.entry for hit in hits], language, as_json=as_json)
    return _FINE if hits else _NOTHING


def _show(entries: Sequence[Entry], language: Language, *, as_json: bool) -> None:
    if as_json:
        for entry in entries:
            click.echo(json.dumps(_brief(entry, language), ensure_ascii=False))
        return
    look = look_of(sys.stdout, language)
    column = max((width_of(entry.id) for entry in entries), default=0)
    for entry in entries:
        severity = look.paint(COLOURS[entry.severity], f"{entry.severity:<8}")
        title = clipped(inert_line(entry.title(language)), max(20, look.width - column - 12))
        click.echo(f"{severity}  {entry.id:<{column}}  {title}", color=True)


def _brief(entry: Entry, language: Language) -> dict[str, object]:
    return {
        "id": entry.id,
        "severity": entry.severity,
        "decision": entry.decision,
        "domain": entry.home,
        "category": entry.category,
        "title": entry.title(language),
        "regex": entry.regex,
        "sources": entry.sources,
        "tags": entry.tags,
        "doc_url": entry.official_doc_url,
    }


_folders = click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
_strict = click.option(
    "--strict", is_flag=True, help="Hold the entries in DIR to what the shipped ones are held to."
)


@catalogue.command()
@_folders
@_strict
def test(folders: Sequence[Path], strict: bool) -> int:
    """Check that the examples of every entry in DIR are recognised, and its near misses are not.

    They are looked at beside the shipped entries: an example has to be recognised as its own entry before
    any other. Without DIR, the shipped entries are checked.

    Exit status: 0 all is well, 1 something is wrong, 2 the entries cannot be read.
    """
    return _judge(folders, check_examples, strict=strict)


@catalogue.command()
@_folders
@_strict
@click.option(
    "--cost",
    is_flag=True,
    help="Instead, show which entries slow scanning down. DIR then stands for healthy logs: files or folders.",
)
@click.option(
    "--catalogue",
    "own",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --cost: a folder of entries of your own. Repeatable.",
)
def lint(folders: Sequence[Path], strict: bool, cost: bool, own: Sequence[Path]) -> int:
    """Check everything about the entries in DIR: examples, patterns, advice, addresses, translations.

    Without DIR, the shipped entries are checked.

    \b
    logwatch catalogue lint my-errors/
    logwatch catalogue lint --cost healthy-logs/ --catalogue my-errors/

    Exit status: 0 all is well, or only warnings (!); 1 something is wrong (✗); 2 the entries cannot be read.
    """
    if not cost:
        if own:
            raise click.UsageError("`--catalogue` goes with `--cost`; otherwise name the folder alone.")
        return _judge(folders, run_all_checks, strict=strict)
    from logwatch.cli.cost import show_costs  # noqa: PLC0415 - the other verbs read no logs

    return show_costs(own, [str(folder) for folder in folders])


def _judge(folders: Sequence[Path], checks: Callable[[Shelf], list[Finding]], *, strict: bool) -> int:
    shipped = _near(shipped_folder())
    # In a checkout people name the shipped folder, or a part of it, too.
    own = [folder for folder in folders if not folder.resolve().is_relative_to(shipped.resolve())]
    shelf = read_shelf([shipped, *own], strict=[shipped, *own] if strict else [shipped], judged=folders)
    findings = sorted(checks(shelf), key=lambda finding: finding.level is not Level.ERROR)
    look = look_of(sys.stdout, "en")
    for finding in findings:
        mark = look.paint(COLOURS[finding.level], _MARKS[finding.level])
        click.echo(f"{mark} {finding.where}: {inert_line(finding.what)} [{finding.check}]", color=True)
        click.echo(f"    → {inert_line(finding.remedy)}", color=True)
    click.echo(_summary(shelf, findings))
    return _FOUND_FAULT if any(finding.level is Level.ERROR for finding in findings) else _FINE


def _near(folder: Path) -> Path:
    """The folder as seen from here, where that is shorter to read."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _summary(shelf: Shelf, findings: Sequence[Finding]) -> str:
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = _counted(len(findings) - errors, "warning")
    cases = [case for case in shelf.cases() if case.entry.id in shelf.judged]
    looked_at = (
        f"{_counted(len(cases), 'entry', 'entries')}, "
        f"{_counted(sum(len(case.match) for case in cases), 'example')}, "
        f"{_counted(sum(len(case.no_match) for case in cases), 'near miss', 'near misses')}"
    )
    if errors:
        return f"✗ {_counted(errors, 'error')}, {warnings} in {looked_at}"
    return f"✓ {looked_at}: all is well" + (f", {warnings}" if findings else "")


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


@catalogue.command()
@click.argument("line", metavar="LINE|-")
@click.option("--domain", default="", help="Whose error it is, such as nccl. Otherwise guessed or `local`.")
@click.option("--slug", default="", help="The name within the domain. Otherwise made from the line.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder of your entries to write the file to. Otherwise it is printed.",
)
@catalogue_options
def new(
    line: str,
    domain: str,
    slug: str,
    output: Path | None,
    folders: Sequence[Path],
    no_shipped: bool,
    language: Language,
) -> int:
    """Begin an entry from a LINE of a log, or from the last line of what is piped in.

    Numbers, addresses, paths and sizes become variable, and what stands in front of the message goes.
    Secrets are masked. What only a person can write is left empty.
    """
    text = redact(visible(_line(line).encode("utf-8", "surrogateescape")))
    own = [output] if output is not None and output.is_dir() else []
    known = load_entries([*folders, *own], no_shipped=no_shipped)
    for name in filter(None, (domain, slug)):
        if not _NAME.fullmatch(name):
            raise click.UsageError(
                f"`{name}` cannot be part of an id: write it in a-z, 0-9, `-`, `_` and `.`."
            )
    begun = _begun(text, domain or _domain_like(known, text), slug, known)
    written = json.dumps(begun.record, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(written, nl=False)
    else:
        _write(output / f"{begun.id}.json", written)
    for note in _notes(begun, known, text, output, language):
        click.echo(note, err=True)
    return _FINE


def _line(given: str) -> str:
    """The line itself; of several, the last: in a traceback that one says what happened."""
    lines = [one for one in (sys.stdin.read() if given == "-" else given).splitlines() if one.strip()]
    if not lines:
        raise click.UsageError("There is no line: paste one, or pipe it in and write `-`.")
    return lines[-1]


def _domain_like(known: Catalogue, text: str) -> str:
    """The domain of the entry that is most like it, if the line names that domain."""
    for hit in similar(known.entries.values(), text):
        if hit.entry.home.casefold() in text.casefold():
            return hit.entry.home
    return _OWN_DOMAIN


def _begun(text: str, domain: str, slug: str, known: Catalogue) -> Draft:
    today = datetime.now().astimezone().date().isoformat()
    try:
        return draft(text, domain, today=today, slug=slug, taken=known.entries.keys())
    except NothingFixedError as error:
        raise _Trouble(f"{error}: write the pattern by hand, or choose a line with more words") from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _Trouble(f"{path} is there already: name another with `--slug`") from None
    except OSError as error:
        raise _Trouble(f"{path} cannot be written: {error.strerror}") from None


def _notes(
    begun: Draft, known: Catalogue, text: str, output: Path | None, language: Language
) -> Iterable[str]:
    matches = Scanner(rules_of(known.entries.values())).scan(text.encode("utf-8", "replace")).matches
    if matches:
        name = matches[0].rule
        yield f"This line is recognised already, as {name}: see `logwatch explain {name}`."
    near = similar(known.entries.values(), message_of(text))
    if near:
        yield "Entries most like it:"
        yield from (f"  {hit.entry.id}  {clipped(inert_line(hit.entry.title(language)), 80)}" for hit in near)
    where = output or "DIR"
    yield f"Next: say what to do in {begun.id}.json, add the nearest line that must not match, then"
    yield f"  logwatch catalogue test {where}"
