"""Records that are alike but for digits: which of these a pattern could tell apart.

One error comes again and again, of other ranks, at other times, with other sizes. Where a pattern takes any digit, it
finds the same in all of them, at the same places.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any

from logwatch.scan.literals import caseless_in, parsed

_AS_0 = bytes.maketrans(b"123456789", b"000000000")
_DIGITS = frozenset(map(ord, "0123456789"))
_ONE_PLACE = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.IN})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT})
_LOOKS = frozenset({sre.ASSERT, sre.ASSERT_NOT})
_AHEAD = 1
_BLIND = frozenset({sre.ANY, sre.AT, sre.CATEGORY})
_WITH_DIGITS = frozenset({sre.CATEGORY_DIGIT, sre.CATEGORY_WORD, sre.CATEGORY_NOT_SPACE})


def shape_of(record: bytes) -> bytes:
    """`record` with 0 for every digit: records of one shape differ in digits only."""
    return record.translate(_AS_0)


def told_apart(pattern: str) -> frozenset[bytes] | None:
    """Shapes of the texts in which `pattern` asks for some digits and not for others; None where nobody can say.

    In records of one shape that have the same digits wherever one of these texts could stand, a search finds the
    same at the same places.
    """
    tree = parsed(pattern)
    if tree is None:
        return None
    found: set[bytes] = set()
    try:
        _walk(tree, found, caseless=bool(tree.state.flags & re.IGNORECASE))
    except _CannotSayError:
        return None
    return frozenset(found)


def deciding(shape: bytes, texts: Iterable[bytes]) -> list[slice]:
    """Where in records of `shape` digits stand that belong to one of `texts`, in order."""
    decides = bytearray(len(shape))
    for text in texts:
        at = shape.find(text)
        while at >= 0:
            decides[at : at + len(text)] = text
            at = shape.find(text, at + 1)
    return [slice(*found.span()) for found in re.finditer(rb"0+", decides)]


class _CannotSayError(Exception):
    """Of what refers to what was found, and of what a later version may bring."""


def _walk(items: Iterable[Any], found: set[bytes], *, caseless: bool, row: str = "") -> None:
    """Adds to `found` what `items` tell apart; `row` is the shape of what stands right before them."""
    for op, value, is_caseless in _flat(items, caseless=caseless):
        here = _in_a_row(op, value, caseless=is_caseless)
        if here:
            row += here
            continue
        if op in _ONE_PLACE and _is_partial(op, value):
            _note(f"{row}0", found)
        for inner in _begun(op, value):
            _walk(inner, found, caseless=is_caseless, row=row)
        for inner in _apart(op, value):
            _walk(inner, found, caseless=is_caseless)
        _note(row, found)
        row = ""
    _note(row, found)


def _note(row: str, found: set[bytes]) -> None:
    if "0" in row:
        found.add(row.encode())


def _in_a_row(op: Any, value: Any, *, caseless: bool) -> str:
    """The shape of what stands here, if that is always the same."""
    if op is sre.LITERAL and value < 128 and not (caseless and chr(value).isalpha()):
        return "0" if value in _DIGITS else chr(value)
    if op is sre.IN and _is_partial(op, value) and all(map(_is_of_digits, value)):
        return "0"
    return ""


def _is_partial(op: Any, value: Any) -> bool:
    """Whether some digits can stand here and others cannot."""
    if op is not sre.IN:
        return value in _DIGITS
    taken = frozenset().union(*(_digits_of(*item) for item in value))
    return bool(taken) and taken != _DIGITS


def _is_of_digits(item: Any) -> bool:
    op, value = item
    if op is sre.RANGE:
        return value[0] in _DIGITS and value[1] in _DIGITS
    return op is sre.LITERAL and value in _DIGITS


def _digits_of(op: Any, value: Any) -> frozenset[int]:
    """Those that an item of a class takes, or leaves out where the class is of all others."""
    if op is sre.LITERAL:
        return _DIGITS & {value}
    if op is sre.RANGE:
        return frozenset(digit for digit in _DIGITS if value[0] <= digit <= value[1])
    return _DIGITS if op is sre.CATEGORY and value in _WITH_DIGITS else frozenset()


def _flat(items: Iterable[Any], *, caseless: bool) -> Iterator[tuple[Any, Any, bool]]:
    """The items, those in groups among them, and whether their letters stand for both cases."""
    for op, value in items:
        if op is sre.SUBPATTERN:
            yield from _flat(value[3], caseless=caseless_in(value, caseless))
        else:
            yield op, value, caseless


def _begun(op: Any, value: Any) -> Sequence[Iterable[Any]]:
    """What may begin where this item does."""
    if op is sre.BRANCH:
        return list(value[1])
    if op is sre.ATOMIC_GROUP:
        return [value]
    if op in _REPEATS and value[1] == 1:
        return [value[2]]
    if op in _LOOKS and value[0] == _AHEAD:
        return [value[1]]
    return []


def _apart(op: Any, value: Any) -> Sequence[Iterable[Any]]:
    """What stands within an item, but not always right behind what stands before it.

    Raises:
        _CannotSayError: it is of another kind.
    """
    if op in _REPEATS:
        return [] if value[1] == 1 else [value[2]]
    if op in _LOOKS:
        return [] if value[0] == _AHEAD else [value[1]]
    if op in _ONE_PLACE or op in _BLIND or op in (sre.BRANCH, sre.ATOMIC_GROUP):
        return []
    raise _CannotSayError
