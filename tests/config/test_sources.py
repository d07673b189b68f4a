"""Each type of source has keys of its own, and says so when one does not fit."""

from pathlib import Path

import pytest

from logwatch.catalogue.entry import LogKind
from logwatch.config import Config, Fifo, Files, Journald, Kmsg, Stdin, parse
from logwatch.errors import ConfigError

FILE = Path("/etc/logwatch/logwatch.yaml")


def config(source: str) -> Config:
    return parse(f"sources:\n  - {source}\n", FILE, {})


def only_mistake(sources: str) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(f"sources:\n  - {sources}\n", FILE, {})
    [problem] = caught.value.problems
    return problem.what, problem.remedy


def test_without_a_type_a_source_is_one_of_files() -> None:
    [source] = config("{name: a, paths: [/logs/*.log]}").sources
    assert isinstance(source, Files)


def test_every_type_is_read() -> None:
    text = """
      - {name: j, type: journald, units: [slurmd.service, "nv-*"], directory: journal, start_at: end}
      - {name: k, type: kmsg}
      - {name: f, type: fifo, path: pipe, labels: {cluster: eu1}}
      - {name: s, type: stdin, kind: training}
      - {name: p, type: files, paths: [/a]}
    """
    journald, kmsg, fifo, stdin, files = parse(f"sources:{text}", FILE, {}).sources
    assert isinstance(journald, Journald)
    assert (journald.units, journald.kernel, journald.start_at) == (("slurmd.service", "nv-*"), False, "end")
    assert journald.directory == FILE.parent / "journal"
    assert isinstance(kmsg, Kmsg)
    assert (kmsg.path, kmsg.kind, kmsg.start_at) == (Path("/dev/kmsg"), LogKind.KERNEL, "beginning")
    assert isinstance(fifo, Fifo)
    assert (fifo.path, fifo.labels) == (FILE.parent / "pipe", {"cluster": "eu1"})
    assert isinstance(stdin, Stdin)
    assert stdin.kind is LogKind.TRAINING
    assert isinstance(files, Files)


MISTAKES = {
    "an unknown type": (
        "{name: a, type: journal}",
        "`sources[0]` is of the unknown type 'journal'",
        "did you mean `journald`?",
    ),
    "a key of another type": (
        "{name: a, type: journald, paths: [/a]}",
        "`sources[0]` has no key `paths`",
        "write one of name, labels, kind, type, kernel, units, directory, start_at",
    ),
    "a misspelt key": (
        "{name: a, type: journald, kernl: true}",
        "`sources[0]` has no key `kernl`",
        "did you mean `kernel`?",
    ),
    "a missing key": ("{name: a, type: fifo}", "`sources[0]` has no `path`", "add `path: …`"),
    "two filters": (
        "{name: a, type: journald, kernel: true, units: [b]}",
        "`sources[0]` has both `kernel` and `units`",
        "make it two sources",
    ),
    "what is no unit": (
        "{name: a, type: journald, units: ['--help']}",
        "`sources[0].units[0]` '--help' is not the name of a unit",
        "write it as systemd does: slurmd.service",
    ),
    "a second standard input": (
        "{name: a, type: stdin}\n  - {name: b, type: stdin}",
        "standard input is read by another source",
        "keep one of them",
    ),
    "no section": ("text", "`sources[0]` is 'text'", "write a section with keys"),
    "no type at all": ("{name: a, type: [files]}", "`sources[0]` is of the unknown type a list", ""),
}


@pytest.mark.parametrize(("source", "what", "remedy"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_remedy(source: str, what: str, remedy: str) -> None:
    told = only_mistake(source)
    assert told[0] == what
    assert told[1] == remedy or not remedy
