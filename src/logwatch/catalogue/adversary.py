"""Lines that nobody writes by accident: made of a pattern's own parts to make its search slow."""

import re
from collections.abc import Iterator, Sequence

from logwatch.catalogue.entry import Entry
from logwatch.scan.literals import derive
from logwatch.scan.pattern import compiled
from logwatch.scan.scanner import DEFAULT_TIMEOUT_S

# Long enough for quadratic work to show (4 billion steps), short enough to be one log line.
LENGTH = 64 * 1024
# Four times the scanner's fuse: what burns so long is slow on any machine; good patterns take a hundredth.
PATIENCE_S = 4 * DEFAULT_TIMEOUT_S
# What numbers, indents, words and separators are made of.
_FILLERS = ("a", "0", " ", "-")
# A group that may be repeated without end, and the plain text in it: `(?:a|ab|b)+`.
_REPEATED_GROUP = re.compile(r"\(([^()]*)\)(?:[*+]|\{\d*,\})")
_PLAIN_TEXT = re.compile(r"(?<!\\)[A-Za-z0-9 ]+")
# A pattern has gaps behind its literals; three of them show whether it is careless.
_MOST_CUTS = 3
_PARTS_OF_SIGNATURE = (0.25, 0.5, 0.75)


def slow_line(entry: Entry, patience_s: float = PATIENCE_S) -> str | None:
    """How the first line is made on which the search of `entry` takes too long; None where there is none."""
    pattern = compiled(entry.regex)
    for how, line in hostile_lines(entry):
        try:
            pattern.search(line, timeout=patience_s)
        except TimeoutError:
            return how
    return None


def hostile_lines(entry: Entry) -> Iterator[tuple[str, str]]:
    """Lines of `LENGTH` characters and how each is made.

    The scanner searches only records in which all required literals stand, so every line has them, in an
    order or with something between them that does not match.
    """
    literals = _literals_in_order(entry)
    tail = " ".join(reversed(literals))
    for filler in dict.fromkeys((*_FILLERS, *_repeated_texts(entry.regex))):
        yield f"{filler!r} over and over", _filled(filler) + tail
        for before, after in _signature_cut_behind(literals, entry.signature):
            yield f"{filler!r} over and over behind {before[-20:]!r}", before + _filled(filler) + "!" + after
    for literal in literals:
        yield f"{literal!r} over and over", _filled(literal) + tail
    for part in _PARTS_OF_SIGNATURE:
        beginning = entry.signature[: int(len(entry.signature) * part)]
        yield f"{part:.0%} of the signature, over and over", _filled(beginning) + tail
    yield "the signature without its last character, over and over", _filled(entry.signature[:-1]) + tail
    yield "all but the end, over and over", _filled(" ".join(literals[:-1]) + " ") + tail


def _signature_cut_behind(literals: Sequence[str], signature: str) -> Iterator[tuple[str, str]]:
    lowered = signature.lower()
    for literal in literals[:_MOST_CUTS]:
        at = lowered.find(literal.lower())
        if at >= 0:
            yield signature[: at + len(literal)], signature[at + len(literal) :]


def _literals_in_order(entry: Entry) -> list[str]:
    """One literal of each set that is required, in the order in which the signature has them."""
    required = derive(entry.regex)
    chosen = {
        min(demand).data.decode("utf-8", "replace") for demand in (required.any_of, *required.also) if demand
    }
    signature = entry.signature.lower()
    return sorted(chosen, key=lambda literal: (signature.find(literal.lower()), literal))


def _repeated_texts(pattern: str) -> Iterator[str]:
    """What stands in repeated groups, piece by piece and all in a row: that can be read in many ways."""
    for group in _REPEATED_GROUP.findall(pattern):
        texts = _PLAIN_TEXT.findall(group)
        yield from texts
        yield "".join(texts)


def _filled(piece: str) -> str:
    return piece * (LENGTH // max(1, len(piece)))
