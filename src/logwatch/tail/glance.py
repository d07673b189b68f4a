"""Files that grow by whole lines, read on in rounds: one read of each, and nothing else is touched.

A glance reads what is new together with the last bytes before it, which must be those that were read. As long as that
is so and nothing in it is worth a closer look, it is only kept; the life of the file learns of it later, all at once.
So what a glance does not understand it leaves as it was: the file is looked at in the ordinary way.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

from logwatch.breath import with_breaks
from logwatch.tail.evidence import TAIL
from logwatch.tail.life import Life

# So much of a file is kept, at the most, before its life has to learn of it.
KEPT = 8192
# What has not grown for so long is looked at in the ordinary way: all of it may have been written anew.
QUIET_S = 1.0
# Files whose news are looked through in one go: a scan of its own costs a line more than all else, and if something
# is found, all of them are looked through once more.
TOGETHER = 128
# Batches between two breaths: 256 looks of the ordinary kind take as long.
BATCHES = 8
# That many bytes are asked for; a file that has them all may have more.
_MOST = TAIL + KEPT
_LINE_FEED, _NUL = b"\n\0"


class Read(NamedTuple):
    """What glances have read of a file: whole lines from its life's offset on; `before` stands before them.

    `grown_at`: when the last of them was read, in seconds.
    """

    before: bytes
    data: bytes
    grown_at: float


@dataclass(slots=True)
class Round:
    """What a round gave: in how many files something new was read (`grown`), and how many bytes (`read`).

    Of the `suspect` ones the news are kept, and worth a closer look. At the `strange` ones an ordinary look has to be
    taken: what is new in them was not kept, or nothing has been for a while.
    """

    read: int = 0
    grown: int = 0
    suspect: list[Life] = field(default_factory=list)
    strange: list[Life] = field(default_factory=list)


@dataclass(slots=True)
class _Glance:
    """`seen` is what was read of a file from `at` on: `known` bytes of which its life knows, and those since."""

    life: Life
    at: int
    seen: bytes
    known: int
    grown_at: float


class Glances:
    """The files that are read on in rounds. Each is open, and all of its life is settled."""

    def __init__(self) -> None:
        self._of: dict[str, _Glance] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, life: Life) -> bool:
        return life.key in self._of

    def lives(self) -> Sequence[Life]:
        return [glance.life for glance in self._of.values()]

    def begin(self, life: Life, tail: bytes) -> None:
        """`life` is read on in rounds from its offset on, before which stands `tail`."""
        self._of[life.key] = _Glance(life, life.offset - len(tail), tail, len(tail), life.changed_at)

    def end(self, life: Life) -> Read | None:
        """`life` takes part in no further round; what it has yet to learn of, if anything."""
        glance = self._of.pop(life.key, None)
        return _unknown(glance) if glance is not None else None

    def take(self, life: Life) -> Read | None:
        """As `end`, but `life` goes on taking part."""
        glance = self._of.get(life.key)
        read = _unknown(glance) if glance is not None else None
        if glance is not None and read is not None:
            tail = glance.seen[-TAIL:]
            glance.at += len(glance.seen) - len(tail)
            glance.seen, glance.known = tail, len(tail)
        return read

    def go_round(self, now: float, is_innocent: Callable[[bytes], bool]) -> Round:
        """One glance at each file. `is_innocent`: whether lines are worth no closer look."""
        gone_round = Round()
        glances = list(self._of.values())
        for start in with_breaks(range(0, len(glances), TOGETHER), BATCHES):
            grown, news = _grown(glances[start : start + TOGETHER], gone_round, now)
            gone_round.grown += len(grown)
            gone_round.read += sum(map(len, news))
            gone_round.suspect += [grown[number].life for number in _suspects(news, is_innocent)]
        return gone_round


def _unknown(glance: _Glance) -> Read | None:
    """What was read since the life of the file learned of it."""
    if len(glance.seen) == glance.known:
        return None
    return Read(glance.seen[: glance.known], glance.seen[glance.known :], glance.grown_at)


def _grown(glances: Sequence[_Glance], gone_round: Round, now: float) -> tuple[list[_Glance], list[bytes]]:
    """Those that have grown by whole lines, and these. All that is done for each of a thousand files in a round."""
    grown: list[_Glance] = []
    news: list[bytes] = []
    seen = [glance.seen for glance in glances]
    contents = _contents(glances)
    goes_on = map(bytes.startswith, contents, seen)
    for glance, before, data, is_it in zip(glances, seen, contents, goes_on, strict=True):
        new = data[len(before) :]
        if is_it and new and new[-1] == _LINE_FEED and new[0] != _NUL and len(data) < _MOST:
            glance.seen, glance.grown_at = data, now
            grown.append(glance)
            news.append(new)
        elif not is_it or new or now - glance.grown_at >= QUIET_S:
            gone_round.strange.append(glance.life)
    return grown, news


def _contents(glances: Sequence[_Glance]) -> list[bytes]:
    """What stands where each of them looks. A loop of its own over the calls would cost a tenth more."""
    files = [glance.life.fd for glance in glances]
    try:
        return list(map(os.pread, files, repeat(_MOST), [glance.at for glance in glances]))
    except OSError:
        return [_content(glance) for glance in glances]


def _content(glance: _Glance) -> bytes:
    """What stands there; nothing, and so not what was read before, where it cannot be read."""
    try:
        return os.pread(glance.life.fd, _MOST, glance.at)
    except OSError:
        return b""


def _suspects(news: Sequence[bytes], is_innocent: Callable[[bytes], bool], first: int = 0) -> Iterator[int]:
    """Numbers of those worth a closer look, counted from `first`: halved again and again, as there are few."""
    if not news or is_innocent(b"".join(news)):
        return
    if len(news) == 1:
        yield first
        return
    half = len(news) // 2
    yield from _suspects(news[:half], is_innocent, first)
    yield from _suspects(news[half:], is_innocent, first + half)
