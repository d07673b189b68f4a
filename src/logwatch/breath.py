"""Pauses in long work, so that other threads get their turn.

A thread that makes short system calls lets go of the interpreter with each of them, and takes it back before anybody
who waits for it has woken up. A waiter insists only after some milliseconds in which it was not let go, and these
never pass: a loop over 100,000 files kept the event loop from answering for a fifth of a second.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# About two milliseconds of work, and time enough to wake up.
STEPS = 256
PAUSE_S = 0.0002


def with_breaks(things: Iterable[T], steps: int = STEPS) -> Iterator[T]:
    """All of `things`, with a pause after every so many."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % steps == 0:
            time.sleep(PAUSE_S)
