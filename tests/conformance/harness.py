"""A stage for the scenarios: logs whose every line is numbered, a real daemon, and an account of both.

`Stage` runs `python -m logwatch run` in a process of its own on a folder with a catalogue of one entry,
whose expression captures the token of a line. `Reader` is only the part that reads, in this process and with
a clock that tests turn, for scenarios that would take minutes. Both keep an `Account` of what was written,
and `check` compares it with what was told: every token once.

Nothing here waits for time to pass: `until` polls a condition and has a deadline.
"""

import contextlib
import dataclasses
import http.client
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.follow import Follower, Source
from logwatch.tail.life import Life
from logwatch.tail.pump import Haul, Pump

Mode = Literal["events", "sweep"]
T = TypeVar("T")

# Generous, because other work may share the machine: with fifteen others for each core a daemon takes 40 s to
# start. A test that passes never waits so long.
DEADLINE_S = 90.0
POLL_S = 0.01
REGEX = r"TELLTALE (?P<token>[a-z0-9-]+:[0-9]+)!"
ENTRY_ID = "conformance/telltale"
ENTRY = {
    "id": ENTRY_ID,
    "signature": "A numbered line",
    "regex": REGEX,
    "domain": "conformance",
    "category": "test",
    "root_cause": "A test wrote it.",
    "versions": [],
    "dead_ends": [],
    "workarounds": [],
}
# What a healthy job writes; nothing in it is known to the catalogue.
CHATTER = b"step 1200/90000 loss=2.3714 lr=3.0e-04 tokens/s=412338 grad_norm=0.81\n"
# Keeps root from reading what its mode forbids, as for any other user.
OBEY_MODES = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def until(condition: Callable[[], T], what: str, *, within: float = DEADLINE_S) -> T:
    """The first true value of `condition`.

    Raises:
        AssertionError: when there was none for `within` seconds.
    """
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:.0f} s for {what}; last seen: {value!r}")
        time.sleep(POLL_S)
    return value


class Account:
    """What was written: `tokens` in their order, and `size`, all bytes that logs were given."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.size = 0
        self._writers: Counter[str] = Counter()
        self._open: list[Writer] = []

    def writer(self, path: Path, *, append: bool = True) -> "Writer":
        """A process' open log. Without `append` it writes where it left off, as `nohup job > log` does."""
        name = re.sub("[^a-z0-9]+", "-", path.name.lower())
        self._writers[name] += 1
        writer = Writer(self, path, f"{name}-{self._writers[name]}", append=append)
        self._open.append(writer)
        return writer

    def close(self) -> None:
        for writer in self._open:
            writer.close()


class Writer:
    """Writes lines that carry `file-id:sequence`. Renaming or deleting its path does not disturb it."""

    def __init__(self, account: Account, path: Path, ident: str, *, append: bool) -> None:
        self.path = path
        self.ident = ident
        self.tokens: list[str] = []
        self._account = account
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else 0)
        self._fd = os.open(path, flags, 0o644)

    def compose(self, *, size: int = 0, end: bytes = b"\n") -> bytes:
        """The next line, as part of the account, to be written with `raw`; padded to `size` bytes."""
        token = f"{self.ident}:{len(self.tokens)}"
        self.tokens.append(token)
        self._account.tokens.append(token)
        text = b"rank0: TELLTALE %s! lost" % token.encode()
        return text + b"." * (size - len(text) - len(end)) + end

    def lines(self, count: int = 1, *, size: int = 0) -> list[str]:
        """Writes `count` lines at once; their tokens."""
        self.raw(b"".join(self.compose(size=size) for _ in range(count)))
        return self.tokens[-count:]

    def raw(self, data: bytes) -> None:
        self._account.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def chatter(self, size: int) -> None:
        """About `size` bytes of lines without a token."""
        self.raw(CHATTER * (size // len(CHATTER)))

    def truncate(self, size: int = 0) -> None:
        os.ftruncate(self._fd, size)

    def seek(self, offset: int) -> int:
        """Where a writer that does not append writes next."""
        return os.lseek(self._fd, offset, os.SEEK_SET)

    @property
    def size(self) -> int:
        return os.fstat(self._fd).st_size

    @property
    def inode(self) -> int:
        return os.fstat(self._fd).st_ino

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def copytruncate(writer: Writer, copy: Path) -> None:
    """What logrotate does for a process that cannot reopen its log; an older copy goes."""
    copy.unlink(missing_ok=True)
    copy.write_bytes(writer.path.read_bytes())
    writer.truncate()


def differences(written: Iterable[str], told: Mapping[str, int]) -> dict[str, list[str]]:
    """What is wrong: nothing when every token was told once."""
    wanted = set(written)
    found = {
        "lost": [token for token in written if not told.get(token)],
        "doubled": [token for token, times in told.items() if times > 1],
        "unknown": [token for token in told if token not in wanted],
    }
    return {kind: tokens[:20] for kind, tokens in found.items() if tokens}


def write_catalogue(folder: Path) -> Path:
    """A catalogue of the one entry, below `folder`."""
    entry = folder / "catalogue" / f"{ENTRY_ID}.json"
    entry.parent.mkdir(parents=True)
    entry.write_text(json.dumps(ENTRY))
    return folder / "catalogue"


class Stage:
    """One folder, one daemon. `mode` is the configuration's `watch`; within `deadline_s` it starts and ends."""

    deadline_s = DEADLINE_S

    def __init__(self, folder: Path, mode: Mode) -> None:
        self.folder = folder
        self.mode = mode
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.account = Account()
        self.prefix: Sequence[str] = ()
        self._config = folder / "logwatch.yaml"
        self._events_path = folder / "events.jsonl"
        self._events: list[dict[str, Any]] = []
        self._events_read = 0
        self._stderr = folder / "stderr.jsonl"
        self._stderr_from = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._address: tuple[str, int] | None = None
        self._earlier: Counter[str] = Counter()
        self._last_metrics = ""
        write_catalogue(folder)
        self.configure()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.account.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    # -- configuration

    def configure(
        self,
        *paths: str,
        limits: Mapping[str, Any] | None = None,
        sources: Sequence[Mapping[str, Any]] = (),
        notify: Sequence[Mapping[str, Any]] = (),
        state_dir: str = "state",
        **source: Any,
    ) -> None:
        """Writes the configuration: one source `logs` with `paths` (below `logs`) and further keys `source`.

        `sources` replaces it by others. Takes effect with the next `start`, `restart` or `reload`.
        """
        one = {"name": "logs", "paths": [str(self.logs / path) for path in paths or ("*.log",)], **source}
        body = {
            "state_dir": state_dir,
            "host": "conformance",
            "watch": self.mode,
            "catalogue": {"shipped": False, "paths": ["catalogue"]},
            "sources": sources or [one],
            "events": {"path": str(self._events_path)},
            "http": {"listen": "127.0.0.1:0"},
            "notify": notify,
            "limits": {"sweep_s": 0.1, **(limits or {})},
            "log": {"format": "json", "level": "info"},
        }
        # YAML is a superset of JSON.
        self._config.write_text(json.dumps(body, indent=2))

    # -- the process

    def start(self) -> None:
        """Starts the daemon and waits until it is ready."""
        self.spawn()
        self.await_ready()

    def launch(self) -> None:
        """Starts the daemon and waits until it can be asked how it is."""
        self.spawn()
        self._await_address()

    def spawn(self) -> None:
        """Starts the daemon, and waits for nothing."""
        assert self._process is None, "the daemon runs already"
        self._stderr_from = self._stderr.stat().st_size if self._stderr.exists() else 0
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "logwatch", "run", "-c", str(self._config)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stderr=stderr,
            )

    def await_ready(self) -> None:
        self._await_address()
        until(
            lambda: self.said("ready") or self._has_ended(), "the daemon to be ready", within=self.deadline_s
        )
        assert not self._has_ended(), self._stderr.read_text()

    def stop(self) -> None:
        """Ends the daemon in order; it has to end well."""
        self._remember_metrics()
        assert self._end(signal.SIGTERM) == 0, self._stderr.read_text()

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def wait_stopped(self) -> None:
        """Waits for the end that was asked for; it has to be a good one."""
        assert self._process is not None, "the daemon does not run"
        status, self._process = self._process.wait(DEADLINE_S), None
        assert status == 0, self._stderr.read_text()

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        """Has the configuration read anew."""
        before = len(self.said("reloaded"))
        self._signal(signal.SIGHUP)
        until(lambda: len(self.said("reloaded")) > before, "the daemon to reload")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While the daemon is stopped in its tracks things happen between two of its looks."""
        self._signal(signal.SIGSTOP)
        until(lambda: self._stat()[0] in "Tt", "the daemon to freeze")
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the daemon does not run"
        return self._process.pid

    def open_files(self) -> list[str]:
        """Where the descriptors of the daemon lead, as the kernel names it."""
        links = Path(f"/proc/{self.pid}/fd")
        found = []
        for link in links.iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
        return found

    def resident_bytes(self) -> int:
        return int(self._stat()[21]) * os.sysconf("SC_PAGE_SIZE")

    def peak_resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def cpu_seconds(self) -> float:
        _, *fields = self._stat()
        return (int(fields[10]) + int(fields[11])) / os.sysconf("SC_CLK_TCK")

    # -- what it says

    def said(self, event: str) -> list[dict[str, Any]]:
        """What the present run has said of itself under this name."""
        with self._stderr.open("rb") as log:
            log.seek(self._stderr_from)
            lines = log.read().split(b"\n")[:-1]
        spoken = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [line for line in spoken if line["event"] == event]

    def events(self) -> list[dict[str, Any]]:
        """The lines of the event file."""
        if self._events_path.exists():
            with self._events_path.open("rb") as file:
                file.seek(self._events_read)
                data = file.read()
            complete = data[: data.rfind(b"\n") + 1]
            self._events_read += len(complete)
            self._events += [json.loads(line) for line in complete.splitlines()]
        return self._events

    def told(self) -> Counter[str]:
        """How often each token was told."""
        return Counter(event["captures"]["token"] for event in self.events())

    def event_of(self, token: str) -> dict[str, Any]:
        [event] = [event for event in self.events() if event["captures"]["token"] == token]
        return event

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the series of `name` that have these labels; when stopped, as they were then."""
        page = self._last_metrics if self._process is None else self.get("/metrics")
        return sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def get(self, path: str) -> str:
        """A page of the daemon's own HTTP server."""
        assert self._address is not None, "the daemon does not run"
        connection = http.client.HTTPConnection(*self._address, timeout=self.deadline_s)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def ledger(self) -> dict[str, int]:
        """Bytes by what became of them, over all runs that were stopped in order: `scanned`, or a reason.

        Of an earlier run it is what was counted when the run was asked to stop.
        """
        found = Counter(self._earlier)
        if self._process is not None:
            found.update(self._ledger_of_this_run())
        return {kind: size for kind, size in found.items() if size}

    def remembered_inodes(self) -> list[int]:
        """The files of which the state keeps a position."""
        return [body["file"][1] for body in self._remembered()]

    def remembered_ledger(self) -> dict[str, int]:
        """As `ledger`, of the files that the state knows, and up to the end of reading: a stop reads on."""
        found: Counter[str] = Counter()
        for body in self._remembered():
            found.update({"scanned": body["scanned"], **body["skipped"]})
        return {kind: size for kind, size in found.items() if size}

    def _remembered(self) -> list[dict[str, Any]]:
        state = sqlite3.connect(f"file:{self.folder / 'state' / 'state.db'}?mode=ro", uri=True)
        with contextlib.closing(state):
            return [json.loads(body) for (body,) in state.execute("SELECT body FROM generation")]

    # -- waiting and checking

    def writer(self, name: str, *, append: bool = True) -> Writer:
        """A writer to a file below `logs`."""
        return self.account.writer(self.logs / name, append=append)

    def wait_told(self, tokens: Iterable[str] | None = None) -> None:
        """Waits until these tokens, or all that were written, have been told."""
        wanted = set(self.account.tokens if tokens is None else tokens)

        def arrived() -> bool:
            return wanted <= self.told().keys()

        try:
            until(arrived, f"{len(wanted)} tokens")
        except AssertionError:
            missing = sorted(wanted - self.told().keys())
            raise AssertionError(f"{len(missing)} not told: {missing[:10]}; {self.ledger()}") from None

    def wait_read(self, size: int | None = None) -> dict[str, int]:
        """Waits until `size` bytes, or all that were written, are accounted for; the ledger."""
        wanted = self.account.size if size is None else size
        with contextlib.suppress(AssertionError):
            until(lambda: sum(self.ledger().values()) >= wanted, "the ledger")
        ledger = self.ledger()
        assert sum(ledger.values()) == wanted, (wanted, ledger)
        return ledger

    def check(self, *, lost: Iterable[str] = (), seen: int | None = None) -> dict[str, int]:
        """Every token but those `lost` was told once, and every byte is accounted for. The daemon is stopped.

        `seen`: bytes that were there to be seen, where it is not just what was written.
        """
        lost = set(lost)
        written = [token for token in self.account.tokens if token not in lost]
        self.wait_told(written)
        ledger = self.wait_read(seen)
        self.stop()
        assert not (wrong := differences(written, self.told())), wrong
        return ledger

    # -- within

    def _await_address(self) -> None:
        until(
            lambda: self.said("serving metrics") or self._has_ended(),
            "the daemon to serve",
            within=self.deadline_s,
        )
        assert not self._has_ended(), self._stderr.read_text()
        host, port = self.said("serving metrics")[0]["address"].rsplit(":", 1)
        self._address = host, int(port)

    def _signal(self, number: int) -> None:
        assert self._process is not None, "the daemon does not run"
        self._process.send_signal(number)

    def _end(self, number: int) -> int:
        assert self._process is not None, "the daemon does not run"
        self._process.send_signal(number)
        status = self._process.wait(self.deadline_s)
        self._process = None
        return status

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _stat(self) -> list[str]:
        """The fields of proc(5) `stat` from the state on."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()

    def _remember_metrics(self) -> None:
        self._last_metrics = self.get("/metrics")
        self._earlier.update(self._ledger_of_this_run())

    def _ledger_of_this_run(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(self.get("/metrics")):
            for sample in family.samples:
                if sample.name == "logwatch_read_bytes_total":
                    found["scanned"] += int(sample.value)
                elif sample.name == "logwatch_skipped_bytes_total":
                    found[sample.labels["reason"]] += int(sample.value)
        return found


class Reader:
    """The reading part of the daemon with a clock of its own, for what takes minutes.

    With `events` every path that changed rings before the next look; without, nothing rings.
    """

    def __init__(self, folder: Path, mode: Mode, *paths: str, open_files: int = 64, **source: Any) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self.mode = mode
        self.now = 1_000_000.0
        self.account = Account()
        self.told: Counter[str] = Counter()
        self.ledger: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()
        self.problems: dict[str, str] = {}
        self.remembered: dict[str, tuple[str, str, dict[str, Any]]] = {}
        self._there: dict[str, tuple[int, ...]] = {}
        cold_s = 5.0 if mode == "events" else 1.5
        self._source = Source(
            "logs",
            [str(self.logs / path) for path in paths or ("*.log",)],
            **{"cold_s": cold_s, "listens": mode == "events", **source},
        )
        self._open_files = open_files
        self._scanner = Scanner([Rule(ENTRY_ID, REGEX)])
        self.follower = self._begin()

    def writer(self, name: str, *, append: bool = True) -> Writer:
        return self.account.writer(self.logs / name, append=append)

    def hop(self, most: int = 4 << 20) -> Haul:
        """One look and read at the present time."""
        haul = self._pump.hop(self.now, self._rings() if self.mode == "events" else (), most)
        for _, finding in haul.findings:
            self.told[finding.match.captures["token"]] += 1
        self.ledger.update({"scanned": haul.scanned, **haul.skipped})
        self.happened.update(haul.happened)
        self.problems = dict(haul.problems)
        for life in haul.lives:
            self.remembered[life.key] = (life.source, life.path, dict(life.body))
        for key in haul.ended:
            self.remembered.pop(key, None)
        return haul

    def catch_up(self) -> None:
        """Reads all there is to be seen now."""
        self.hop()
        while not self.follower.is_caught_up:
            self.hop()

    def pass_time(self, seconds: float) -> None:
        """Lets time go by, looking whenever a look is due."""
        end = self.now + seconds
        self.catch_up()
        while (due := max(self._next_due(), self.now + 0.001)) < end:
            self.now = due
            self.catch_up()
        self.now = end
        self.catch_up()

    def _next_due(self) -> float:
        """As the daemon, it wakes up when the kernel tells of a directory."""
        readable = self.follower.readable
        is_rung = readable is not None and bool(select.select([readable], [], [], 0)[0])
        return self.now if is_rung else self.follower.next_due(self.now)

    def configure(self, **source: Any) -> None:
        """Begins anew with other settings of the source."""
        self._source = dataclasses.replace(self._source, **source)
        self.restart()

    def restart(self) -> None:
        """Begins anew from what was remembered."""
        self.close()
        self.follower = self._begin()

    def close(self) -> None:
        self.follower.close()

    def check(self, *, lost: Iterable[str] = (), seen: int | None = None) -> None:
        """Every token but those `lost` was told once, and every byte is accounted for."""
        lost = set(lost)
        wrong = differences([token for token in self.account.tokens if token not in lost], self.told)
        assert not wrong, (wrong, self.ledger)
        wanted = self.account.size if seen is None else seen
        assert sum(self.ledger.values()) == wanted, (wanted, self.ledger)

    def _rings(self) -> list[str]:
        before, self._there = self._there, {}
        for path in self.logs.rglob("*"):
            stat = path.lstat()
            self._there[str(path)] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        paths = before.keys() | self._there.keys()
        return [path for path in paths if before.get(path) != self._there.get(path)]

    def _begin(self) -> Follower:
        follower = Follower(self._source, Descriptors(self._open_files))
        lives = [Life.from_dict(key, s, p, dict(b)) for key, (s, p, b) in self.remembered.items()]
        follower.restore(lives, known_source=bool(lives))
        self._pump = Pump(follower, lambda: self._scanner, "any")
        return follower
