"""The floor of all scanning: reading, and looking for the literals, with nothing made of what is found."""

from collections.abc import Callable, Iterable
from pathlib import Path

from logwatch.scan.engine import build, thawed
from logwatch.scan.index import Index
from logwatch.tail.oneshot import CHUNK


def literals_alone(logs: Iterable[Path], index: Index) -> Callable[[], None]:
    """What looks through `logs` for the literals of `index`, as the scanner does."""
    engine = thawed(index.tables) or build(index.literals())

    def look() -> None:
        for log in logs:
            with log.open("rb", buffering=0) as file:
                while chunk := file.read(CHUNK):
                    engine.find(chunk)

    return look
