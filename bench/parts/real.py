"""`logwatch scan` of real healthy logs, which have more kinds of lines than a made one; the same peers and floors."""

from collections.abc import Iterator
from pathlib import Path

from bench.figures import Part, Row
from bench.parts.scan import of_log
from bench.setting import Setting
from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.scan.scanner import Scanner

_TITLE = "Scanning real logs"


def measure(setting: Setting) -> Part:
    folder: Path | None = setting.wanted.logs
    if folder is None:
        return Part(_TITLE, [Row("not measured", "`--logs FOLDER` names a folder of healthy logs")])
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".log")
    scanner = Scanner(rules_of(catalogue.load([catalogue.shipped_folder()]).entries.values()))
    text = b"".join(line for path in paths for line in _without_errors(scanner, path.read_bytes()))
    log = setting.folder / "real.log"
    with log.open("wb") as file:
        for _ in range(max(1, round(setting.wanted.megabytes * 1e6 / len(text)))):
            file.write(text)
    return of_log(_TITLE, log, _log_is(len(paths), len(text)), setting)


def _without_errors(scanner: Scanner, text: bytes) -> Iterator[bytes]:
    """The lines of `text`, but for those that show a known error: even a run that ends well has some."""
    for line in text.splitlines(keepends=True):
        if not scanner.scan(line).matches:
            yield line if line.endswith(b"\n") else line + b"\n"


def _log_is(count: int, size: int) -> str:
    return (
        f"{count} healthy logs, {size / 1e6:.1f} MB, joined, again and again; the few lines in them that show a known"
        " error are left out."
    )
