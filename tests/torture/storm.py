"""A storm: a daemon, logs of every kind that are written and rotated at once, and perhaps `kill -9`."""

import contextlib
import math
import os
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.harness import Mode, Stage

from .account import Account, Outcome, Run
from .logs import ROTATIONS, WRITES_PER_ROTATION, Habits, Log

# Between two bursts of one log passes at most so much, in seconds.
LONGEST_BREAK_S = 0.04
# While nothing was told for so long, each log is written once in so many seconds.
NEWS_S, SLOW_S = 0.3, 1.0
# Where one of many logs is written, they share what one writes alone.
CROWD = 120
# How long nothing may be told before what is missing counts as lost; only failures wait for it.
SILENCE_S = 60.0
# A daemon that is not ready, or not over, by then will never be; hours of torture do not end because a machine
# is busy.
DEADLINE_S = 300.0
# Kinds that destroy nothing while descriptors are few: what the daemon had to close, it cannot read any more.
HARMLESS = ("rename", "copytruncate")
# How many rotated files are kept. Fewer are rotated away before a daemon that is killed all the time is back.
KEPT, KEPT_OF_KILLED = 6, 60
_TOKEN = re.compile(rb'"token": ?"([^"]+)"')
_EVENT_ID = re.compile(rb'"event_id": ?"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Weather:
    """What a storm is like; all of it follows from `seed`. With `kills`, it lasts until so many are done."""

    seed: int
    seconds: float
    kills: int
    mode: Mode
    pattern: str
    sweep_s: float
    most_open: int

    @classmethod
    def of(cls, seed: int, *, seconds: float, kills: int = 0) -> "Weather":
        chance = random.Random(seed)
        return cls(
            seed,
            seconds,
            kills,
            mode=chance.choice(("events", "sweep")),
            pattern=chance.choice(("*.log", "*.log*")),
            sweep_s=chance.choice((0.05, 0.1, 0.25)),
            most_open=chance.choice((16, 1024, 1024)),
        )

    @property
    def kinds(self) -> Collection[str]:
        return ROTATIONS if self.most_open > CROWD else HARMLESS

    def __str__(self) -> str:
        what = f"{self.kills} kills" if self.kills else f"{self.seconds:.0f} s"
        return f"{what}, {self.mode}, {self.pattern}, sweep {self.sweep_s} s, {self.most_open} open"


class Victim(Stage):
    """The daemon of a storm, what it told, and when it was at work."""

    deadline_s = DEADLINE_S

    def __init__(self, folder: Path, mode: Mode, account: Account) -> None:
        super().__init__(folder, mode)
        self.counts: Counter[str] = Counter()
        self.event_ids: Counter[bytes] = Counter()
        self.done = threading.Event()
        self.told_at = time.monotonic()
        self._texts = account
        self._read = 0

    def spawn(self) -> None:
        super().spawn()
        self._texts.runs.append(Run(self.pid))

    def await_ready(self) -> None:
        super().await_ready()
        self._texts.runs[-1].is_ready(time.monotonic())

    def kill(self) -> None:
        super().kill()
        self._texts.runs[-1].ended_at = time.monotonic()

    def holder_of(self, path: Path) -> Run | None:
        """The run that has the file at `path` open."""
        if not self._texts.runs:
            return None
        run = self._texts.runs[-1]
        here = path.stat()
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{run.pid}/fd"):
                with contextlib.suppress(OSError):
                    there = os.stat(f"/proc/{run.pid}/fd/{number}")
                    if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                        return run
        return None

    def listen(self) -> int:
        """Takes note of what was told since; how many events."""
        if not self._events_path.exists():
            return 0
        with self._events_path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        data = data[: data.rfind(b"\n") + 1]
        self._read += len(data)
        tokens = _TOKEN.findall(data)
        self.counts.update(token.decode() for token in tokens)
        self.event_ids.update(_EVENT_ID.findall(data))
        run = self._texts.runs[-1]
        if tokens:
            self.told_at = time.monotonic()
        if tokens and run.ready_at < run.ended_at == math.inf:
            run.beat(time.monotonic())
        return len(tokens)


class Crew(threading.Thread):
    """Writes and rotates some logs until it is done; slowly while nothing is told."""

    def __init__(self, logs: list[Log], chance: random.Random, victim: Victim) -> None:
        super().__init__(daemon=True)
        self._logs = logs
        self._chance = chance
        self._victim = victim
        self._done = victim.done
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            while not self._done.wait(self._chance.uniform(0, LONGEST_BREAK_S)):
                self._wait_for_news()
                log = self._chance.choice(self._logs)
                log.write()
                if self._chance.randrange(WRITES_PER_ROTATION) == 0:
                    ROTATIONS[log.kind](log)
        except Exception as error:  # noqa: BLE001  told by whoever waits for this thread
            self.failed = error
        finally:
            for log in self._logs:
                log.close()

    def _wait_for_news(self) -> None:
        """A daemon that gets no time on a busy machine is not to find a day's rotations when it does."""
        patience = time.monotonic() + SLOW_S
        while self._victim.told_at < time.monotonic() - NEWS_S and time.monotonic() < patience:
            self._done.wait(0.01)


def rage(weather: Weather) -> Outcome:
    """One storm, and what came of it. Its folder stays, and is named, when something went wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"logwatch-storm-{weather.seed}-"))
    outcome = _rage(weather, folder)
    if outcome.is_good:
        shutil.rmtree(folder)
    else:
        outcome.folders.append(folder)
    return outcome


def _rage(weather: Weather, folder: Path) -> Outcome:
    account = Account()
    with Victim(folder, weather.mode, account) as victim:
        victim.configure(
            weather.pattern,
            "box*/*.log",
            limits={"sweep_s": weather.sweep_s, "max_open_files": weather.most_open},
        )
        # A file that was rotated away before anybody looked for the first time is just another file.
        victim.start()
        crews = _crews(weather, victim, account)
        for crew in crews:
            crew.start()
        try:
            (_kill_again_and_again if weather.kills else _let_it_run)(weather, victim, crews)
        finally:
            victim.done.set()
            for crew in crews:
                crew.join()
        _raise_what_failed(crews)
        _wait_for_the_rest(victim, account)
        skipped = victim.ledger()
        victim.stop()
        victim.listen()
    outcome = account.judge(victim.counts)
    outcome.doubled.update({i.decode(): "event id" for i, times in victim.event_ids.items() if times > 1})
    outcome.kills = weather.kills
    if not weather.kills:
        outcome.skipped.update({reason: size for reason, size in skipped.items() if reason != "scanned"})
        outcome.broken += _imbalance(weather, account, skipped, victim.counts)
    return outcome


def _crews(weather: Weather, victim: Victim, account: Account) -> list[Crew]:
    kept = KEPT_OF_KILLED if weather.kills or weather.most_open <= CROWD else KEPT
    habits = Habits(
        kept=kept,
        patient=0.97 if weather.kills else 0.8,
        is_kept_in_sight=weather.pattern.endswith("*"),
        is_daemon_killed=weather.kills > 0,
    )

    def log(name: str, kind: str) -> Log:
        chance = random.Random(f"{weather.seed}/{name}")
        return Log(victim.logs / name, kind, account, victim, habits, chance)

    groups = [[log(f"{kind}.log", kind)] for kind in weather.kinds]
    groups.append([log(f"many{n}.log", HARMLESS[n % 2]) for n in range(CROWD)])
    return [Crew(logs, random.Random(f"{weather.seed}/crew{n}"), victim) for n, logs in enumerate(groups)]


def _let_it_run(weather: Weather, victim: Victim, crews: list[Crew]) -> None:
    end = time.monotonic() + weather.seconds
    while time.monotonic() < end and not any(crew.failed for crew in crews):
        victim.listen()
        time.sleep(0.02)


def _kill_again_and_again(weather: Weather, victim: Victim, crews: list[Crew]) -> None:
    """A quarter of the kills hits the start, before the daemon is ready; the others hit it at work."""
    chance = random.Random(f"{weather.seed}/kills")
    for _ in range(weather.kills):
        _raise_what_failed(crews)
        if chance.random() < 0.25:
            _listen_for(victim, chance.uniform(0, 0.6))
        else:
            victim.await_ready()
            _listen_for(victim, min(2.0, chance.expovariate(2.5)))
        victim.kill()
        _listen_for(victim, chance.uniform(0, 0.2))
        victim.spawn()
    victim.await_ready()


def _listen_for(victim: Victim, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        victim.listen()
        time.sleep(min(left, 0.02))


def _wait_for_the_rest(victim: Victim, account: Account) -> None:
    """Until all is told that must be, or nothing more is said."""
    last_told = time.monotonic()
    while time.monotonic() - last_told < SILENCE_S:
        if victim.listen():
            last_told = time.monotonic()
        elif not account.outstanding(victim.counts):
            return
        time.sleep(0.1)


def _imbalance(
    weather: Weather, account: Account, ledger: Mapping[str, int], told: Collection[str]
) -> list[str]:
    """Bytes: what was scanned, or is counted as lost, is what was written, but for what nobody can have seen."""
    lost = sum(ledger.get(reason, 0) for reason in ("truncated_before_read", "deleted_before_read"))
    scanned, written = ledger.get("scanned", 0), account.size
    excused = account.excused_size(told) + account.unfinished
    if scanned > written:
        return [f"storm {weather.seed}: scanned {scanned - written:,} bytes more than were written"]
    if scanned + lost + excused < written:
        return [f"storm {weather.seed}: {written - scanned - lost - excused:,} bytes lost without a word"]
    return []


def _raise_what_failed(crews: list[Crew]) -> None:
    for crew in crews:
        if crew.failed is not None:
            raise crew.failed
