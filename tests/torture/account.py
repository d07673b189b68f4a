"""Who is to blame for a line that was not told? The daemon, unless it had no chance to read it.

A line is excused only when the last way to it was destroyed (deleted, or cut without a copy) before the daemon
had been up and at work for `PATIENCE_S` after the line was written. It is at work while it tells something: on
a machine that leaves it no time, none passes. A file that the daemon held open when it was
deleted is not destroyed for as long as that process lives. Renaming, copying and compressing destroy nothing;
but a file that was rotated out of the patterns before the daemon had the same chance to look at it at all (no
line of it was told) is just another file to it.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Looks come every tenth of a second, a hop takes less than that; the rest is to be fair.
PATIENCE_S = 5.0
# In a storm something is told all the time. A longer silence is not work.
BEAT_S = 0.5
KEPT = math.inf
# Tokens named to a person who looks for the cause.
EXAMPLES = 8


@dataclass(slots=True)
class Run:
    """One process of the daemon; times in seconds, of a clock that only goes forwards."""

    pid: int
    ready_at: float = math.inf
    ended_at: float = math.inf
    _beats: list[float] = field(default_factory=list)
    _worked: list[float] = field(default_factory=list)

    def is_ready(self, now: float) -> None:
        self.ready_at = now
        self.beat(now)

    def beat(self, now: float) -> None:
        """It told something."""
        worked = self._worked[-1] + min(BEAT_S, now - self._beats[-1]) if self._beats else 0.0
        self._beats.append(now)
        self._worked.append(worked)

    def worked(self, since: float, until: float) -> float:
        """For how many of these seconds it was at work."""
        return self._worked_by(until) - self._worked_by(since)

    def _worked_by(self, now: float) -> float:
        beats = bisect_right(self._beats, now)
        return self._worked[beats - 1] if beats else 0.0


@dataclass(slots=True)
class Text:
    """What was written in one life of a log: tokens, and when.

    `lines` are tokens and `writes` sizes in bytes, each with its time. `gone_at`: when the last file with it was
    destroyed, for a `reason`; `holder` had it open then. `hidden_at`: when all of it went where no pattern leads.
    `unfinished`: how many bytes the line has that has no end yet.
    """

    kind: str
    lines: list[tuple[str, float]] = field(default_factory=list)
    writes: list[tuple[float, int]] = field(default_factory=list)
    unfinished: int = 0
    gone_at: float = KEPT
    reason: str = ""
    holder: Run | None = None
    hidden_at: float = KEPT

    @property
    def born_at(self) -> float:
        """When there first was something to know it by."""
        return self.writes[0][0] if self.writes else KEPT

    def note(self, now: float, data: bytes) -> None:
        """`data` is written."""
        self.writes.append((now, len(data)))
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self.unfinished = len(data) - end - 1 if end >= 0 else self.unfinished + len(data)

    def destroy(self, now: float, reason: str, holder: Run | None = None) -> None:
        self.gone_at, self.reason, self.holder = now, reason, holder


@dataclass(slots=True)
class Outcome:
    """Numbers of lines, by kind of log; `excused` by reason; bytes; what went wrong, by token."""

    written: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    excused: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    kills: int = 0
    histories: int = 0

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.broken)

    def add(self, other: "Outcome") -> None:
        self.written.update(other.written)
        self.seen.update(other.seen)
        self.excused.update(other.excused)
        self.lost.update(other.lost)
        self.doubled.update(other.doubled)
        self.skipped.update(other.skipped)
        self.broken += other.broken
        self.folders += other.folders
        self.kills += other.kills
        self.histories += other.histories

    def __str__(self) -> str:
        text = (
            f"written {self.written.total():,}, seen {self.seen.total():,}, lost {len(self.lost):,}, "
            f"doubled {len(self.doubled):,}, excused {self.excused.total():,}"
        )
        return "; ".join(
            [text, *self.broken, *_examples("lost", self.lost), *_examples("doubled", self.doubled)]
        )


def _examples(what: str, tokens: Mapping[str, str]) -> list[str]:
    return [f"{what}: {', '.join(sorted(tokens)[:EXAMPLES])}"] if tokens else []


class Account:
    """All texts of all logs, and all runs of the daemon."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.texts: list[Text] = []

    @property
    def size(self) -> int:
        return sum(size for text in self.texts for _, size in text.writes)

    @property
    def unfinished(self) -> int:
        """Bytes of lines without an end: they are looked at, and settled when the end comes."""
        return sum(text.unfinished for text in self.texts)

    def begin(self, kind: str) -> Text:
        text = Text(kind)
        self.texts.append(text)
        return text

    def worked(self, since: float, until: float) -> float:
        """For how many of these seconds a daemon was at work."""
        return sum(run.worked(since, until) for run in self.runs)

    def excuse(self, text: Text, written_at: float, told: Collection[str]) -> str:
        """Why nobody could have read a line of `text`; empty where somebody could."""
        if (
            text.hidden_at != KEPT
            and self.worked(text.born_at, text.hidden_at) < PATIENCE_S
            and not any(token in told for token, _ in text.lines)
        ):
            return "rotated before the first look"
        gone_at = text.gone_at if text.holder is None else max(text.gone_at, text.holder.ended_at)
        if gone_at == KEPT or self.worked(written_at, gone_at) >= PATIENCE_S:
            return ""
        if text.holder is not None:
            return f"{text.reason}, and the daemon killed"
        is_up = any(run.ready_at <= gone_at < run.ended_at for run in self.runs)
        return text.reason if is_up else f"{text.reason} while no daemon ran"

    def outstanding(self, told: Collection[str]) -> set[str]:
        """Tokens that were not told and must be."""
        return {
            token
            for text in list(self.texts)
            for token, at in list(text.lines)
            if token not in told and not self.excuse(text, at, told)
        }

    def judge(self, told: Mapping[str, int]) -> Outcome:
        outcome = Outcome()
        kinds: dict[str, str] = {}
        for text in self.texts:
            outcome.written[text.kind] += len(text.lines)
            for token, at in text.lines:
                kinds[token] = text.kind
                if told.get(token):
                    outcome.seen[text.kind] += 1
                elif reason := self.excuse(text, at, told):
                    outcome.excused[text.kind, reason] += 1
                else:
                    outcome.lost[token] = text.kind
        for token, times in told.items():
            if times > 1 or token not in kinds:
                outcome.doubled[token] = kinds.get(token, "never written")
        return outcome

    def excused_size(self, told: Collection[str]) -> int:
        """So many bytes nobody may have seen, by the rule for lines."""
        return sum(
            size
            for text in self.texts
            if min(text.gone_at, text.hidden_at) < KEPT
            for at, size in text.writes
            if self.excuse(text, at, told)
        )
