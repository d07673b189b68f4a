"""Scanning of records that come one by one, from sources that say themselves where each of them stands."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from logwatch.scan.clean import visible
from logwatch.scan.scanner import Scanner
from logwatch.tail.life import Finding, Generation
from logwatch.tail.pump import LINES_AFTER, LINES_BEFORE, Haul


@dataclass(frozen=True, slots=True)
class Record:
    """One line of text, without its end. `offset` and `line_number` (from 1) name it within its generation.

    `labels` are what the source itself knows of its writer.
    """

    text: bytes
    offset: int
    line_number: int
    labels: Mapping[str, str] = field(default_factory=dict)


class Sieve:
    """Holds back the known errors. Asks for the scanner anew each time: a reload changes it."""

    def __init__(self, scanner: Callable[[], Scanner], kind: str) -> None:
        self._scanner = scanner
        self._kind = kind
        self._before: list[bytes] = []

    def sift(self, generation: Generation, records: Sequence[Record], haul: Haul) -> None:
        """Scans `records`, all of one generation, and adds what is found to `haul`."""
        data = b"".join(record.text + b"\n" for record in records)
        starts = list(accumulate((len(record.text) + 1 for record in records), initial=0))
        result = self._scanner().scan(data, self._kind)
        haul.scanned += len(data)
        haul.timeouts.update(result.timeouts)
        lines = [*self._before, *(record.text for record in records)]
        for match in result.in_order():
            at = bisect_right(starts, match.start) - 1
            context = _around(lines, len(self._before) + at, match.text)
            record = records[at]
            finding = Finding(match, record.offset, record.line_number, context, record.labels)
            haul.findings.append((generation, finding))
        self._before = lines[-LINES_BEFORE:]


def _around(lines: Sequence[bytes], at: int, text: str) -> tuple[str, ...]:
    """The lines around the one at `at`, which reads `text`."""
    before = map(visible, lines[max(0, at - LINES_BEFORE) : at])
    after = map(visible, lines[at + 1 : at + 1 + LINES_AFTER])
    return (*before, text, *after)
