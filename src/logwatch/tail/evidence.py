"""What is known of the bytes that were read, so that a file can be known again.

No single key identifies a log file: inodes are reused at once (ext4: 200 of 200 times), per-rank logs share
their first 64 KiB, and a restarted job writes the same banner into the same inode. So several samples of what
was read are kept, each of them cheap to compare.
"""

import itertools
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# A restarted job's banner (module list, NCCL version, configuration dump) is seldom longer.
HEAD = 65536
# Compared on every read, together with the new bytes: some ten lines, in which two runs are hardly ever alike.
TAIL = 1024
# As long as not more was read, all of it is compared in the same read.
SHORT = 16384
AHEAD = 4096
SPOT = 64
SPOTS = 16

ReadAt = Callable[[int, int], bytes]


@dataclass(slots=True)
class Evidence:
    """Samples of the first `length` bytes of a file: its head, spots between, and the last bytes of them.

    `ahead` are bytes beyond `length` that were seen and not accounted for: an unfinished line.
    A sample is kept as a CRC-32: it guards against accident, not against forgery.
    """

    length: int = 0
    head_length: int = 0
    head: int = 0
    tail_length: int = 0
    tail: int = 0
    spots: list[tuple[int, int]] = field(default_factory=list)
    spacing: int = HEAD
    ahead_length: int = 0
    ahead: int = 0

    def extend(self, data: bytes, tail: bytes) -> None:
        """Takes note of `data`, the bytes at `length`; `tail` are the up to TAIL bytes that end with it."""
        if self.head_length < HEAD and self.head_length == self.length:
            part = data[: HEAD - self.head_length]
            self.head = zlib.crc32(part, self.head)
            self.head_length += len(part)
        self.length += len(data)
        self.ahead_length = 0
        tail = tail[-TAIL:]
        self.tail, self.tail_length = zlib.crc32(tail), len(tail)
        if len(tail) >= SPOT and self.length - (self.spots[-1][0] if self.spots else 0) >= self.spacing:
            self._add_spot(tail[-SPOT:])

    def look_ahead(self, data: bytes) -> bool:
        """Takes note of `data`, bytes at `length` that are not accounted for yet; whether that is news."""
        data = data[:AHEAD]
        before = self.ahead, self.ahead_length
        self.ahead, self.ahead_length = zlib.crc32(data), len(data)
        return before != (self.ahead, self.ahead_length)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the content."""
        return not (self.length or self.ahead_length)

    def skip_to(self, length: int, tail: bytes) -> None:
        """Takes note that everything up to `length` was passed over unread; `tail` ends there."""
        self.length = length
        self.ahead_length = 0
        tail = tail[-TAIL:]
        self.tail, self.tail_length = zlib.crc32(tail), len(tail)

    @property
    def reach(self) -> int:
        """How far before `length` to read together with what is new, so as to tell the most of it."""
        is_whole = self.length == self.head_length <= SHORT and not self.ahead_length
        return self.length if is_whole else self.tail_length

    def tail_agrees(self, before: bytes) -> bool:
        """Whether `before`, the bytes of the file that end at `length`, are the ones that were read."""
        if not self.tail_length:
            return True
        return len(before) >= self.tail_length and zlib.crc32(before[-self.tail_length :]) == self.tail

    def _is_all(self, before: bytes) -> bool:
        """Whether `before` reaches back to the beginning, so that all that was read is compared with it."""
        return len(before) == self.length == self.head_length and not self.ahead_length

    def agrees(self, read_at: ReadAt) -> bool:
        """Whether all samples stand in the file that `read_at(offset, size)` reads."""
        return (
            self.tail_agrees(read_at(self.length - self.tail_length, self.tail_length))
            and self._agrees_between(read_at)
            and self._head_agrees(read_at)
        )

    def goes_on(self, read_at: ReadAt, before: bytes | None = None) -> bool:
        """`agrees` at less cost, for a file that is known and grows; `before` is what ends at `length`, if read.

        Where there are spots the head is left out: two runs are likely to be alike there, and it costs the most.
        """
        if before is None:
            before = read_at(self.length - self.tail_length, self.tail_length)
        elif self._is_all(before):
            return zlib.crc32(before) == self.head
        return (
            self.tail_agrees(before)
            and self._agrees_between(read_at)
            and (bool(self.spots) or self._head_agrees(read_at))
        )

    def _head_agrees(self, read_at: ReadAt) -> bool:
        return not self.head_length or zlib.crc32(read_at(0, self.head_length)) == self.head

    def _agrees_between(self, read_at: ReadAt) -> bool:
        if self.ahead_length and zlib.crc32(read_at(self.length, self.ahead_length)) != self.ahead:
            return False
        return all(zlib.crc32(read_at(end - SPOT, SPOT)) == crc for end, crc in self.spots)

    def standing(self, size: int, read_at: ReadAt) -> int:
        """How much of what was read still begins a file of `size` bytes, fewer than were read; 0 if too little.

        The whole head sample and a spot beyond it must be there: two runs may have less than that in common.
        """
        if self.head_length < HEAD or size < HEAD or zlib.crc32(read_at(0, HEAD)) != self.head:
            return 0
        left = itertools.takewhile(
            lambda spot: spot[0] <= size and zlib.crc32(read_at(spot[0] - SPOT, SPOT)) == spot[1], self.spots
        )
        return next((end for end, _ in reversed(list(left)) if end >= HEAD + SPOT), 0)

    def up_to(self, length: int) -> "Evidence":
        """The samples of the first `length` bytes, which hold the whole head."""
        return self.back_at(length, self.head_length, self.head)

    def back_at(self, length: int, head_length: int, head: int) -> "Evidence":
        """The samples as they were after `length` bytes, when the head was of that length and sum."""
        spots = [(end, crc) for end, crc in self.spots if end <= length]
        return Evidence(length, head_length, head, spots=spots, spacing=self.spacing)

    def to_dict(self) -> dict[str, Any]:
        return {
            "length": self.length,
            "head_length": self.head_length,
            "head": self.head,
            "tail_length": self.tail_length,
            "tail": self.tail,
            "spots": self.spots,
            "spacing": self.spacing,
            "ahead_length": self.ahead_length,
            "ahead": self.ahead,
        }

    @classmethod
    def from_dict(cls, body: dict[str, Any]) -> "Evidence":
        return cls(**{**body, "spots": [(end, crc) for end, crc in body["spots"]]})

    def _add_spot(self, sample: bytes) -> None:
        """Keeps at most SPOTS samples, spread evenly: when full, every second one goes."""
        if len(self.spots) == SPOTS:
            self.spots = self.spots[1::2]
            self.spacing *= 2
        self.spots.append((self.length, zlib.crc32(sample)))


def reader(fd: int) -> ReadAt:
    """Reads of an open file at any place; short at its end."""

    def read_at(offset: int, size: int) -> bytes:
        return os.pread(fd, size, offset)

    return read_at
