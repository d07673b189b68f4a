"""From a pattern, the literals of which every match must contain one.

A pattern is parsed with the standard library's parser and its tree is walked once. What the walk
cannot prove is left out, so the result is always sound: no literal set at all is the worst answer.
Only the syntax that `re` and `regex` (version 0) read alike is understood; a pattern in other syntax
has no literals and is run on every record.
"""

import math
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

from logwatch.scan.rarity import rate

# A set of alternatives is worth following while it is small; beyond, the common part around it serves.
MAX_ALTERNATIVES = 64
# A demand of many is still a demand: it is asked for only where a literal points.
MAX_UNITED = 128
# No healthy log has it, and in a bad night every second line.
_ENDS_A_TRACEBACK = re.compile(rb"(?i)(?:error|exception): ?\Z")
# Of so many options each may demand something of its own.
_WIDE = 5
# What is long enough already is not multiplied further: the alternatives would crowd out those of a branch.
_MANY = 16
# Longer literals do not filter better, and the engine's tables grow with them.
MAX_LENGTH = 64
# Below three bytes a literal stands in nearly every chunk.
MIN_LENGTH = 3
# Every literal is judged by the length at which measured scanning stops getting faster (12 bytes: 1.7 GB/s).
_GOOD_LENGTH = 12
# What is shorter is part of many words: it may be rare where it was measured and not elsewhere.
_WORD = 8
# Of two that are long and not known to be common the longer one is rarer: `Application ` is an everyday word.
_LONGER = 0.1
# Half as many hits are worth two bytes: each costs as much as scanning three kilobytes, while one short set among a
# thousand is not felt. Measured on 120 healthy logs: at one byte there are a thirtieth more hits, at four no fewer.
_FEW_HITS = 2.0

# Records are looked at one by one and without what a terminal hides, so no literal reaches over these.
# U+FFFD stands in decoded text for bytes that are not UTF-8: the record itself need not contain its encoding.
_NEVER_IN_A_RECORD = frozenset("\n\r\x00\x1b\ufeff\ufffd")

# `{` that is no repetition is fuzzy matching to `regex` and plain text to `re`; `[:alpha:]` in a set is a
# POSIX class to `regex` alone. Either would make the derived literals wrong.
_READ_DIFFERENTLY = re.compile(r"(?<!\\)(?:\\\\)*(?:\{(?!\d*,?\d*\})|\[:[^\]]*:\])")


@dataclass(frozen=True, slots=True, order=True)
class Literal:
    """Bytes to look for. With `caseless` they are lower case, and ASCII letters match in either case."""

    data: bytes
    caseless: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way to match a pattern, and what it demands of a record.

    `any_of`: at least one of these stands in every match; empty where nothing could be derived.
    `also`: further such sets, each of which must be met too; they decide quickly against a candidate.
    """

    any_of: tuple[Literal, ...] = ()
    also: tuple[tuple[Literal, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Required(Way):
    """What a pattern demands, whichever way it is matched.

    `weight`: how many literal characters a match has at the least, the measure of being specific.
    """

    weight: int = 0

    @property
    def way(self) -> Way:
        return Way(self.any_of, self.also)


@dataclass(frozen=True, slots=True)
class _Run:
    """Alternatives of text, any one of which stands here; `caseless` goes for all of them."""

    texts: frozenset[str]
    caseless: bool


@dataclass(slots=True)
class _Found:
    """What the walk over one piece of the tree knows.

    `exact`: the piece matches exactly one of these texts, or None where it is not so simple.
    `required`: sets of which every match contains one.
    """

    exact: _Run | None
    required: list[_Run]
    weight: int = 0


def derive(pattern: str) -> Required:
    """The literals of `pattern` (searched with `regex.ASCII`); an empty `any_of` where none can be proven."""
    tree = parsed(pattern)
    return Required() if tree is None else _required(tree, bool(tree.state.flags & re.IGNORECASE))


def ways(pattern: str, whole: Required | None = None) -> tuple[Way, ...]:
    """What `pattern` demands, for each of its alternatives apart.

    Together, alternatives of which one has more to demand than another demand as little as that one. A match is
    one of them and meets all of its demands. `whole` is what `derive` says of it, if that is known.
    """
    whole = derive(pattern) if whole is None else whole
    tree = parsed(pattern)
    if tree is None or not whole.any_of:
        return (whole.way,)
    caseless = bool(tree.state.flags & re.IGNORECASE)
    apart = [_required(items, caseless) for items in _apart(list(tree), whole)]
    return _with_the_same_left(apart) if all(way.any_of for way in apart) else (whole.way,)


def _with_the_same_left(apart: Iterable[Way]) -> tuple[Way, ...]:
    """The same ways; those that demand nothing more, or the same, are one."""
    pointing: dict[tuple[tuple[Literal, ...], ...], set[Literal]] = {}
    for way in apart:
        pointing.setdefault(way.also, set()).update(way.any_of)
    return tuple(Way(tuple(sorted(_without_longer(any_of))), also) for also, any_of in pointing.items())


def _apart(items: list[Any], whole: Required) -> list[list[Any]]:
    """`items` for each of the alternatives that have something of their own to demand."""
    if any(_ENDS_A_TRACEBACK.search(literal.data) for literal in whole.any_of):
        return _alternatives(items, MAX_ALTERNATIVES)
    widest = _split(items)
    # Of many words, one of which follows what is said before them, several stand in a line, and each is a way.
    return widest if len(widest) <= (MAX_ALTERNATIVES if len(items) == 1 else _MANY) else [items]


def _required(items: Iterable[Any], caseless: bool) -> Required:
    found = _sequence(items, caseless)
    runs = [*found.required, *([found.exact] if found.exact else [])]
    usable = sorted((s for s in map(_literals, runs) if s), key=_merit, reverse=True)
    if not usable:
        return Required(weight=found.weight)
    return Required(any_of=usable[0], also=tuple(usable[1:]), weight=found.weight)


def _alternatives(items: list[Any], room: int, least: int = 2) -> list[list[Any]]:
    """`items` for each option of the widest choice among them, and again within these; at most `room`."""
    apart = _split(items)
    if not least <= len(apart) <= room:
        return [items]
    room -= len(apart)
    done: list[list[Any]] = []
    for option in apart:
        # A choice of few is mostly that of an exception's class, and those have the same to demand.
        further = _alternatives(option, room + 1, _WIDE)
        room -= len(further) - 1
        done += further
    return done


def _split(items: list[Any]) -> list[list[Any]]:
    """`items` once for each option of the widest choice among them."""
    choices = [(len(options), -at, options) for at, options in enumerate(map(_options, items))]
    if not choices:
        return [items]
    _, at, options = max(choices, key=lambda choice: choice[:2])
    return [[*items[:-at], *option, *items[-at + 1 :]] for option in options]


def _options(item: tuple[Any, Any]) -> list[list[Any]]:
    op, value = item
    if op is sre.BRANCH:
        return [list(option) for option in value[1]]
    if op is sre.SUBPATTERN:
        return [[(op, (*value[:3], option))] for option in _split(list(value[3]))]
    return [[item]]


def parsed(pattern: str) -> Any:
    """The tree of `pattern`, as the standard library sees it; None where `regex` may see another one."""
    if _READ_DIFFERENTLY.search(pattern):
        return None
    try:
        with warnings.catch_warnings():
            # `[[]` or `[a--b]` may change its meaning in a later `re`; `regex` reads it as `re` does today.
            warnings.simplefilter("ignore", FutureWarning)
            return sre_parse.parse(pattern, re.ASCII)
    except (re.error, ValueError, OverflowError, RecursionError):
        return None


def _merit(literals: Sequence[Literal]) -> tuple[float, int]:
    """Better sets are greater: long literals that healthy logs lack, then few of them."""
    shortest = min(len(literal.data) for literal in literals)
    expected = sum(rate(literal.data, caseless=literal.caseless) for literal in literals)
    worth = min(shortest, _GOOD_LENGTH) + _LONGER * max(0, shortest - _GOOD_LENGTH)
    worth -= max(0, _WORD - shortest)
    return worth - _FEW_HITS * math.log2(1 + expected), -len(literals)


def _literals(run: _Run) -> tuple[Literal, ...]:
    """The set as bytes; empty where one of its members is too short to look for."""
    made = {_literal(text, run.caseless) for text in run.texts}
    if any(len(literal.data) < MIN_LENGTH for literal in made):
        return ()
    return tuple(sorted(_without_longer(made)))


def _without_longer(literals: Iterable[Literal]) -> Iterator[Literal]:
    """Those in which no other one stands: an optional quote would have the same place found twice."""
    kept: list[Literal] = []
    for literal in sorted(literals, key=lambda literal: len(literal.data)):
        if not any(shorter.data in literal.data for shorter in kept if shorter.caseless == literal.caseless):
            kept.append(literal)
            yield literal


def _literal(text: str, caseless: bool) -> Literal:
    data = text[:MAX_LENGTH].encode("utf-8", "surrogatepass")
    return Literal(data.lower(), True) if caseless and data.lower() != data.upper() else Literal(data)


def _sequence(items: Iterable[Any], caseless: bool) -> _Found:
    """Joins neighbours: texts that follow each other become longer texts."""
    done: list[_Run] = []
    weight = 0
    current: _Run | None = _Run(frozenset({""}), caseless)
    whole = True
    for found in _pieces(items, caseless):
        weight += found.weight
        done.extend(found.required)
        joined = _join(current, found.exact)
        if joined is not None:
            current = joined
            continue
        whole = False
        _keep(done, current)
        current = found.exact
    if whole:
        return _Found(current, done, weight)
    _keep(done, current)
    return _Found(None, done, weight)


def _pieces(items: Iterable[Any], caseless: bool) -> Iterator[_Found]:
    """The items one by one, but neighbouring plain characters as one text: it saves a third of the time.

    What stands in a group follows what stands before it, as if there were no group.
    """
    text = ""
    for item in items:
        op, value = item
        if op is sre.SUBPATTERN:
            if text:
                yield _exactly([text], caseless)
                text = ""
            yield from _pieces(value[3], caseless_in(value, caseless))
            continue
        if op is sre.LITERAL and len(text) < MAX_LENGTH and chr(value) not in _NEVER_IN_A_RECORD:
            text += chr(value)
            continue
        if text:
            yield _exactly([text], caseless)
            text = ""
        yield _item(item, caseless)
    if text:
        yield _exactly([text], caseless)


def _keep(done: list[_Run], run: _Run | None) -> None:
    if run is not None and all(run.texts):
        done.append(run)


def _join(left: _Run | None, right: _Run | None) -> _Run | None:
    if left is None or right is None:
        return None
    if left.caseless != right.caseless:
        if left.texts == {""}:
            return right
        if right.texts == {""}:
            return left
        return None
    count = len(left.texts) * len(right.texts)
    if count > MAX_ALTERNATIVES or (count > _MANY and min(map(len, left.texts)) >= _GOOD_LENGTH):
        return None
    texts = frozenset(a + b for a, b in product(left.texts, right.texts))
    return None if max(map(len, texts)) > 4 * MAX_LENGTH else _Run(texts, left.caseless)


def _exactly(texts: Iterable[str], caseless: bool) -> _Found:
    made = frozenset(texts)
    if not _NEVER_IN_A_RECORD.isdisjoint(made):
        return _anything()
    return _Found(_Run(made, caseless), [], min(map(len, made)))


def _anything(weight: int = 0) -> _Found:
    return _Found(None, [], weight)


def _item(item: tuple[Any, Any], caseless: bool) -> _Found:  # noqa: PLR0911 - one return per kind of node
    op, value = item
    if op is sre.LITERAL:
        return _exactly([chr(value)], caseless)
    if op is sre.IN:
        return _set(value, caseless)
    if op is sre.BRANCH:
        return _branch([_sequence(option, caseless) for option in value[1]])
    if op is sre.ATOMIC_GROUP:
        return _sequence(value, caseless)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        low, high, inner = value
        return _repeat(low, high, _sequence(inner, caseless), caseless)
    if op in (sre.AT, sre.ASSERT_NOT):
        return _exactly([""], caseless)
    if op is sre.ASSERT:
        # It consumes nothing; what it looks for stands somewhere in the record all the same.
        return _Found(_Run(frozenset({""}), caseless), _demands(_sequence(value[1], caseless)))
    return _anything()


def caseless_in(group: tuple[Any, int, int, Any], caseless: bool) -> bool:
    """Whether letters in `group`, the value of a SUBPATTERN, stand for both cases; `caseless`: around it they do."""
    _, add, remove, _ = group
    return (caseless or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE


def _set(members: Sequence[tuple[Any, Any]], caseless: bool) -> _Found:
    texts: set[str] = set()
    for op, value in members:
        if op is sre.LITERAL:
            texts.add(chr(value))
        elif op is sre.RANGE and value[1] - value[0] < 4:
            texts.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return _anything()
        if len(texts) > 8:
            return _anything()
    return _exactly(texts, caseless)


def _branch(options: Sequence[_Found]) -> _Found:
    """One of the options: all exact ones stay exact; else demands of each, united, the best with the best."""
    weight = min(option.weight for option in options)
    exact = [option.exact for option in options]
    if all(run is not None and run.caseless == options[0].exact.caseless for run in exact):  # type: ignore[union-attr]
        texts = frozenset().union(*(run.texts for run in exact if run))
        if len(texts) <= MAX_ALTERNATIVES:
            return _Found(_Run(texts, exact[0].caseless), [], weight)  # type: ignore[union-attr]
    demands = [_demands(option) for option in options]
    if not all(demands):
        return _anything(weight)
    # Where an option has nothing more to demand, its best demand stands for it beside the others' second best.
    most = max(map(len, demands))
    united = [_united([runs[place if place < len(runs) else 0] for runs in demands]) for place in range(most)]
    return _Found(None, [run for run in united if len(run.texts) <= MAX_UNITED], weight)


def _demands(option: _Found) -> list[_Run]:
    """What `option` demands that can be looked for, the best first."""
    runs = [*option.required, *([option.exact] if option.exact else [])]
    return sorted(
        (run for run in runs if _literals(run)), key=lambda run: _merit(_literals(run)), reverse=True
    )


def _united(runs: Sequence[_Run]) -> _Run:
    # Looking without regard to case for what is wanted in one case finds more, never less.
    return _Run(frozenset().union(*(run.texts for run in runs)), any(run.caseless for run in runs))


def _repeat(low: int, high: Any, found: _Found, caseless: bool) -> _Found:
    if low == 0:
        if high == 1 and found.exact is not None:
            return _Found(_Run(found.exact.texts | {""}, found.exact.caseless), [])
        return _anything()
    if found.exact is None:
        return _Found(None, found.required, found.weight * low)
    repeated: _Run | None = _Run(frozenset({""}), caseless)
    for _ in range(min(low, 4)):
        repeated = _join(repeated, found.exact)
    if repeated is None:
        return _Found(None, [found.exact] if all(found.exact.texts) else [], found.weight * low)
    if low == high and low <= 4:
        return _Found(repeated, [], found.weight * low)
    return _Found(None, [repeated] if all(repeated.texts) else [], found.weight * low)
