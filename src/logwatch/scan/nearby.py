"""The lines around a match. Of a storm hardly any are ever read, and so they are only looked for by a reader."""

from collections.abc import Callable, Sequence
from typing import overload


class Nearby(Sequence[str]):
    """What `look` finds, at the first time that somebody wants to know."""

    __slots__ = ("_lines", "_look")

    def __init__(self, look: Callable[[], Sequence[str]]) -> None:
        self._look = look
        self._lines: Sequence[str] | None = None

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._found()[index]

    def __len__(self) -> int:
        return len(self._found())

    def _found(self) -> Sequence[str]:
        if self._lines is None:
            self._lines = self._look()
        return self._lines
