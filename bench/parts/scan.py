"""`logwatch scan` of a large healthy log, beside what else can look for many patterns, and the floors."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.figures import Part, Row, at_least
from bench.literals import literals_alone
from bench.logs import healthy_log
from bench.peers import Peer, find
from bench.process import LOGWATCH, RUNS, FailedError, Ran, best, best_cpu, run
from bench.setting import Setting
from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.scan.scanner import Scanner

# Our patterns speak of ASCII, too; in Unicode ripgrep's automaton would not fit in memory.
_RIPGREP = ("--no-config", "--no-unicode", "--regex-size-limit=1G", "--dfa-size-limit=1G")
# Bytes. Peers get a beginning of the log that takes them seconds, not hours.
_FOR_RIPGREP, _FOR_GREP, _FOR_MTAIL = 100_000_000, 20_000_000, 400_000
# Its automaton grows with the kinds of lines: on real logs it takes a minute for so much, which is all of them once.
_FIRST_FOR_RIPGREP, _LONG_FOR_RIPGREP_S = 8_000_000, 10.0
_FILES = 4
_GENERATED = (
    "The log is generated: the healthy lines of the demo's training log, but for the search of a loss scale in its"
    " first minutes, again and again with other numbers. No line of it matches. It has only some hundred kinds of"
    " lines, which is kind to programs that learn as they go."
)
# What a POSIX pattern of grep cannot say.
_NOT_POSIX = re.compile(r"\(\?(?![:P])|[*+?}][?+]|\\[AZz]")


def measure(setting: Setting) -> Part:
    wanted = setting.wanted
    if wanted.log:
        return of_log("Scanning", wanted.log, f"The log was given: {wanted.log.name}.", setting)
    log = healthy_log(setting.folder / "healthy.log", wanted.megabytes * 1_000_000)
    return of_log("Scanning", log, _GENERATED, setting)


def of_log(title: str, log: Path, log_is: str, setting: Setting) -> Part:
    """All that is measured of scanning one large `log`."""
    index = Scanner(rules_of(catalogue.load([catalogue.shipped_folder()]).entries.values())).index
    patterns = [indexed.rule.pattern for indexed in index.rules]
    size = log.stat().st_size / 1e6
    part = Part(title)

    def scan(*arguments: str) -> Callable[[], Ran]:
        return lambda: run([*LOGWATCH, "scan", "--format", "json", *arguments], cache=setting.cache)

    scan(str(log))()
    floor = size / best_cpu(literals_alone([log], index))
    ran = [scan("--jobs", "1", str(log))() for _ in range(RUNS)]
    one, one_by_the_clock = size / min(r.cpu for r in ran), size / min(r.seconds for r in ran)
    part.rows.append(Row("log", f"{size:,.0f} MB", f"{len(patterns)} patterns"))
    part.rows.append(
        at_least("`logwatch scan`, one process, with its start", one, floor, "literals alone", 0.7)
    )
    part.rows.append(_both_cores("one large file", size / best(scan(str(log))), one_by_the_clock))
    several = [
        _beginning(log, int(size * 1e6 / _FILES), setting.folder / f"part{number}.log")
        for number in range(_FILES)
    ]
    several_size = sum(path.stat().st_size for path in several) / 1e6
    part.rows.append(
        _both_cores(f"{_FILES} files", several_size / best(scan(*map(str, several))), one_by_the_clock)
    )
    lines = size / min(run(["wc", "-l", str(log)], cache=setting.cache).cpu for _ in range(RUNS))
    part.rows.append(Row("`logwatch scan`, one process", f"{one:,.0f} MB/s", f"`wc -l` {lines:,.0f} MB/s"))
    for row in _peers(setting, log, patterns, one):
        part.rows.append(row)
    part.method = _method(log_is)
    return part


def _both_cores(what: str, ours: float, one: float) -> Row:
    cores = len(os.sched_getaffinity(0))
    # Half of what another core could add is lost at most.
    goal = 1 + 0.5 * (min(cores, 2) - 1)
    return at_least(f"{what}, all {cores} cores", ours, one, "one process", goal)


def _peers(setting: Setting, log: Path, patterns: Sequence[str], ours: float) -> Iterator[Row]:
    for name, package, measure_peer, goal in (
        ("rg", "ripgrep", _ripgrep, 50),
        ("grep", "grep", _grep, 0),
        ("mtail", "mtail", _mtail, 10_000),
    ):
        peer = find(name, package)
        if peer is None:
            yield Row(
                f"beside {name}", f"{ours:,.0f} MB/s", f"{name} is not installed and could not be fetched"
            )
            continue
        try:
            how, speed = measure_peer(peer, setting, log, patterns)
        except (FailedError, OSError, subprocess.SubprocessError) as error:
            yield Row(f"beside {name}", f"{ours:,.0f} MB/s", f"{name} failed: {error}")
            continue
        beside = f"{name} {peer.version}, {how}:"
        if goal:
            yield at_least("`logwatch scan`, one process", ours, speed, beside, goal)
        else:
            figure = f"{beside} {speed:,.2f} MB/s"
            yield Row("`logwatch scan`, one process", f"{ours:,.0f} MB/s", figure, f"{ours / speed:,.0f} ×")


def _ripgrep(peer: Peer, setting: Setting, log: Path, patterns: Sequence[str]) -> tuple[str, float]:
    command = [peer.program, *_RIPGREP]
    # Names of groups are of no use to it, and may not repeat in a list.
    nameless = [re.sub(r"\(\?P<\w+>", "(", pattern) for pattern in patterns]
    accepted = [pattern for pattern in nameless if _is_accepted([*command, "--quiet", "-e", pattern])]
    arguments = [*command, "--count", "--file", _listed(setting.folder, accepted)]
    for size in (_FIRST_FOR_RIPGREP, _FOR_RIPGREP):
        some = _beginning(log, size, setting.folder / "for-ripgrep.log")
        took = run([*arguments, str(some)], cache=setting.cache).cpu
        if took > _LONG_FOR_RIPGREP_S:
            break
    megabytes = some.stat().st_size / 1e6
    return f"{len(accepted)} patterns, {megabytes:.0f} MB", megabytes / took


def _grep(peer: Peer, setting: Setting, log: Path, patterns: Sequence[str]) -> tuple[str, float]:
    posix = [_as_posix(pattern) for pattern in patterns if not _NOT_POSIX.search(pattern)]
    accepted = [pattern for pattern in posix if _is_accepted([peer.program, "-qE", "-e", pattern])]
    some = _beginning(log, _FOR_GREP, setting.folder / "for-grep.log")
    arguments = [peer.program, "-cE", "-f", _listed(setting.folder, accepted), str(some)]
    took = run(arguments, cache=setting.cache).cpu
    return f"{len(accepted)} patterns", some.stat().st_size / 1e6 / took


def _as_posix(pattern: str) -> str:
    nameless = re.sub(r"\(\?(?:P<\w+>|:)", "(", pattern)
    return nameless.replace(r"\d", "[0-9]")


def _mtail(peer: Peer, setting: Setting, log: Path, patterns: Sequence[str]) -> tuple[str, float]:
    program = setting.folder / "all.mtail"
    rules = [f"/{_for_mtail(pattern)}/ {{\n  known_errors++\n}}" for pattern in patterns]
    # What it cannot read it names by line; without those it tries again.
    for _ in range(5):
        program.write_text("\n".join(["counter known_errors", *rules, ""]))
        refused = _refused(peer, program)
        if not refused:
            break
        rules = [
            rule
            for number, rule in enumerate(rules)
            if not refused & {3 * number + line for line in (2, 3, 4)}
        ]
    some = _beginning(log, _FOR_MTAIL, setting.folder / "for-mtail.log")
    arguments = [peer.program, "-one_shot", "-progs", str(program), "-logs", str(some)]
    arguments += ["-log_dir", str(setting.folder)]
    nothing = setting.folder / "empty.log"
    nothing.write_text("\n")
    start = run([*arguments[:-3], str(nothing), *arguments[-2:]], cache=setting.cache).cpu
    took = run(arguments, cache=setting.cache).cpu
    return f"{len(rules)} patterns, without its start", some.stat().st_size / 1e6 / max(took - start, 1e-3)


def _for_mtail(pattern: str) -> str:
    """Names would become its variables, and a slash would end the pattern."""
    return re.sub(r"(?<!\\)/", r"\\/", re.sub(r"\(\?P<\w+>", "(?:", pattern))


def _refused(peer: Peer, program: Path) -> set[int]:
    arguments = [peer.program, "-compile_only", "-progs", str(program), "-logtostderr"]
    said = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    mistakes = re.findall(rf"^{re.escape(program.name)}:(\d+):", said.stderr + said.stdout, re.MULTILINE)
    return {int(line) for line in mistakes}


def _is_accepted(command: Sequence[str]) -> bool:
    return subprocess.run(command, input=b"", capture_output=True, check=False).returncode < 2


def _listed(folder: Path, patterns: Sequence[str]) -> str:
    listed = folder / "patterns"
    listed.write_text("\n".join(patterns) + "\n")
    return str(listed)


def _beginning(log: Path, size: int, path: Path) -> Path:
    with log.open("rb") as file:
        path.write_bytes(file.read(size))
    return path


def _method(log: str) -> list[str]:
    return [
        f"{log} It is in the page cache. MB are millions of bytes.",
        "*Literals alone* is the floor: the file is read in the same chunks, and the same engine looks for the same"
        " literals; nothing is made of what it finds.",
        "`logwatch scan` is the command as a process of its own, its start included, writing JSON to nowhere. It"
        " starts from its cache, as it does from the second time on. Each figure is the best of three.",
        "One process is measured by its processor time, and so is what stands beside it; several by the clock.",
        "Peers look for as many of the catalogue's patterns as their syntax can say, once, in a beginning of the same"
        f" log: ripgrep (`{' '.join(_RIPGREP)}`) {_FOR_RIPGREP / 1e6:.0f} MB, or {_FIRST_FOR_RIPGREP / 1e6:.0f} MB"
        f" where these take it more than {_LONG_FOR_RIPGREP_S:.0f} s, GNU grep (`-E`) {_FOR_GREP / 1e6:.0f} MB, mtail"
        f" (one rule for each pattern) {_FOR_MTAIL / 1e6:.1f} MB.",
    ]
