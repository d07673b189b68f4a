"""What the daemon asks of a source, whatever it is: one hop after the other, and what each brought in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from logwatch.tail.pump import Haul, Remembered


class Feed(Protocol):
    """A source being read. Not thread-safe: one call at a time, all of them may block a little."""

    @property
    def roots(self) -> Sequence[str]:
        """Directories of which file-system events tell something; none where there are no files."""
        ...

    @property
    def readable(self) -> int | None:
        """A descriptor that can be read as soon as there is more; None where only time tells."""
        ...

    @property
    def is_caught_up(self) -> bool:
        """Whether all there was has been read."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing will ever come again."""
        ...

    def restore(self, remembered: Sequence[Remembered], *, known_source: bool) -> None:
        """Takes up what an earlier run left; `known_source`: there was one."""
        ...

    def hop(
        self, now: float, rings: Iterable[str], most: int, appeared: Mapping[str, int] | None = None
    ) -> Haul:
        """Reads and scans at most about `most` bytes; `rings` and `appeared` are hints of the file system."""
        ...

    def finish(self) -> Haul:
        """At the very end of `run --once`: what is unfinished will not be finished."""
        ...

    def close(self) -> None:
        """Lets go of descriptors and processes."""
        ...
