"""Rules against whole chunks: literals first, then the full pattern on the few records that hit."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

from logwatch.scan import engine as engines
from logwatch.scan.clean import Clean
from logwatch.scan.demands import Demands, Pointed
from logwatch.scan.digits import told_apart
from logwatch.scan.index import Index, Indexed, Rule
from logwatch.scan.records import record_around, records
from logwatch.scan.repeats import Alike, Repeats
from logwatch.scan.source_line import is_in_source

if TYPE_CHECKING:
    import regex

# A fuse, not a clock: an ordinary search of a 256 KiB record takes under a millisecond.
DEFAULT_TIMEOUT_S = 0.25
# The fuse burns with the time of the whole process: other threads, while this one waits for a core, blow it too.
TRIES = 2
# After so many blown fuses a rule only costs time; it is set aside and named.
DEFAULT_STRIKES = 5
# The kind of a log of which nothing is known: every rule may stand in it.
ANY_KIND = "any"
# Stands in front of every line of a report that is put into a log: it repeats errors, and is none. What a
# container runtime writes in front of it is shorter than this.
OWN_MARK = b"logwatch| "
OWN_MARK_WITHIN = 64
# Lines of one error hold the same literals; the rules that these point at are kept for so many kinds of lines.
_MANY_KINDS = 4096
# A compiled pattern takes 16 KB; one that was let go of is compiled again within milliseconds.
MANY_COMPILED = 512
# Captures become labels and parts of messages.
MAX_CAPTURE = 256


class Match(NamedTuple):
    """A rule found in a record.

    `start` and `end` are the record's place in the raw chunk, its terminator left out; `text` is the record
    as a person would read it. `also` names further rules that match, the better first. One that `clears` says
    that `rule` is over.
    """

    rule: str
    also: tuple[str, ...]
    start: int
    end: int
    text: str
    captures: Mapping[str, str]
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record that literals point at, and the rules whose literals they are, in order of rank."""

    record: bytes
    rules: Sequence[Indexed]


@dataclass(slots=True)
class Scan:
    """What one chunk gave: matches in order, apart from them those that clear, and what it cost."""

    matches: list[Match] = field(default_factory=list)
    cleared: list[Match] = field(default_factory=list)
    timeouts: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    searches: int = 0

    def in_order(self) -> Iterator[Match]:
        """All matches, those that clear among them."""
        if not self.cleared:
            return iter(self.matches)
        return merge(self.matches, self.cleared, key=lambda match: match.start)


# A named part of a record: its name, and where it begins and ends.
_Part = tuple[str, int, int]


class _Verdict(NamedTuple):
    """What stands in a record: an error at most, with others that match, and errors that it says are over.

    Of each with its captures, in characters: so it holds for records that are alike.
    """

    rule: str = ""
    also: tuple[str, ...] = ()
    parts: Sequence[_Part] = ()
    cleared: Sequence[tuple[str, Sequence[_Part]]] = ()


_INNOCENT = _Verdict()


@dataclass(slots=True)
class _Prepared:
    """A rule with what was derived from it. Compiling costs a quarter of a millisecond: done on first use."""

    rule: Rule
    pattern: "regex.Pattern[str] | None" = None
    # A longer text is searched against the clock.
    harmless: int = 0
    strikes: int = 0

    def compiled(self) -> "regex.Pattern[str]":
        from logwatch.scan.paths import longest_harmless  # noqa: PLC0415 - see below
        from logwatch.scan.pattern import compiled  # noqa: PLC0415 - see there

        self.pattern = pattern = compiled(self.rule.pattern)
        self.harmless = longest_harmless(self.rule.pattern)
        return pattern


class Scanner:
    """Finds rules in chunks of whole records. Holds no state but the rules it has set aside.

    Records end with a line feed or a carriage return; the chunk's last record may lack it.

    Raises:
        regex.error: on the first use of a rule whose pattern does not compile.
    """

    def __init__(
        self,
        rules: Iterable[Rule] | Index,
        *,
        engine: str = "auto",
        timeout_s: float = DEFAULT_TIMEOUT_S,
        strikes: int = DEFAULT_STRIKES,
    ) -> None:
        self._timeout_s = timeout_s
        self._strikes = strikes
        self._index = rules if isinstance(rules, Index) else Index.of(rules)
        self._rules = [_Prepared(indexed.rule) for indexed in self._index.rules]
        # Those that are compiled, the oldest first.
        self._at_hand: deque[_Prepared] = deque()
        self._candidates = self._index.pointed_at
        self._always = set(range(len(self._index.ways))).difference(*self._candidates)
        self._pointed_at = lru_cache(_MANY_KINDS)(self._ways_with)
        self._engine = engines.thawed(self._index.tables, engine) or engines.build(
            self._index.literals(), engine
        )
        self._demands = Demands(self._index.ways, engine, self._index.demand_tables)
        self._repeats: Repeats[tuple[Pointed, str], _Verdict] = Repeats(self._told_apart)
        # By rule, of those that were ever asked for it.
        self._texts: dict[int, frozenset[bytes] | None] = {}

    @property
    def engine(self) -> str:
        return self._engine.name

    @property
    def index(self) -> Index:
        """What was derived, with the engine's tables: to be kept for the next start."""
        return replace(self._index, tables=self._engine.tables, demand_tables=self._demands.tables)

    @property
    def without_literal(self) -> tuple[str, ...]:
        """Rules that are run on every record."""
        return tuple(self._rules[rule].rule.id for rule in self._rules_of(sorted(self._always)))

    @property
    def set_aside(self) -> tuple[str, ...]:
        """Rules that ran into their time limit too often and are not run any more."""
        return tuple(p.rule.id for p in self._rules if p.strikes >= self._strikes)

    def scan(self, chunk: bytes, kind: str = ANY_KIND) -> Scan:
        """Looks at every record of `chunk`, a log of `kind`."""
        result = Scan()
        clean = Clean(chunk)
        data = clean.data
        seen: list[tuple[int, bytes, Alike[_Verdict] | None, _Verdict | None]] = []
        unknown: list[tuple[bytes, Pointed]] = []
        for start, end, pointed in self._records(data):
            record = data[start:end]
            alike = self._repeats.of(record, (pointed, kind))
            verdict = alike.known(record) if alike is not None else None
            if verdict is None:
                unknown.append((record, pointed))
            seen.append((start, record, alike, verdict))
        result.candidates = len(seen)
        promising = self._demands.promising(unknown)
        for start, record, alike, known in seen:
            verdict = known or self._judged(record, next(promising), alike, kind, result)
            if verdict is not _INNOCENT:
                _note(verdict, record, clean.to_raw(start), clean.to_raw(start + len(record)), result)
        return result

    def is_innocent(self, chunk: bytes) -> bool:
        """Whether no record of `chunk` is worth a closer look: `scan` would find nothing."""
        return not self._always and not self._engine.find(Clean(chunk).data)

    def suspects(self, chunk: bytes) -> Iterator[Suspect]:
        """The records of `chunk` that `scan` looks closer at: for whoever wants to know what rules cost."""
        data = Clean(chunk).data
        for start, end, pointed in self._records(data):
            yield Suspect(data[start:end], [self._index.rules[rule] for rule in self._rules_of(pointed.ways)])

    def _records(self, data: bytes) -> Iterator[tuple[int, int, Pointed]]:
        """The records worth a closer look: start, end, and the rules that may match."""
        hits = self._engine.find(data)
        if self._always:
            yield from self._every_record(data, hits)
            return
        at = 0
        while at < len(hits):
            start, end = record_around(data, hits[at][0] - 1)
            literals = {hits[at][1]}
            at += 1
            while at < len(hits) and hits[at][0] <= end:
                literals.add(hits[at][1])
                at += 1
            yield start, end, self._pointed_at(frozenset(literals))

    def _ways_with(self, literals: frozenset[int]) -> Pointed:
        ways = {way for literal in literals for way in self._candidates[literal]}
        return Pointed(sorted(ways.union(self._always)))

    def _rules_of(self, ways: Iterable[int]) -> Iterable[int]:
        """The rules that `ways` lead to, each once, in order of rank."""
        return dict.fromkeys(map(self._index.rule_of.__getitem__, ways))

    def _every_record(
        self, data: bytes, hits: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[int, int, Pointed]]:
        at = 0
        for start, end in records(data):
            literals = set()
            while at < len(hits) and hits[at][0] <= end:
                literals.add(hits[at][1])
                at += 1
            yield start, end, self._pointed_at(frozenset(literals))

    def _judged(
        self, record: bytes, ways: Sequence[int], alike: "Alike[_Verdict] | None", kind: str, result: Scan
    ) -> _Verdict:
        """What stands in `record`, which meets what `ways` demand."""
        # One like it may have come meanwhile.
        if alike is not None and (known := alike.known(record)) is not None:
            return known
        timeouts = result.timeouts.total()
        verdict = _verdict(self._found(record, self._rules_of(ways), kind, result)) if ways else _INNOCENT
        if alike is not None and result.timeouts.total() == timeouts:
            alike.keep(record, verdict)
        return verdict

    def _told_apart(self, shape: bytes, common: tuple[Pointed, str]) -> Iterable[bytes] | None:
        """The texts whose digits decide what is found in records of `shape`; None where all may."""
        texts: set[bytes] = set()
        for rule in self._rules_of(self._demands.possible(shape, common[0].ways)):
            if rule not in self._texts:
                self._texts[rule] = told_apart(self._rules[rule].rule.pattern)
            its = self._texts[rule]
            if its is None:
                return None
            texts |= its
        return texts

    def _found(self, record: bytes, rules: Iterable[int], kind: str, result: Scan) -> "list[_Found]":
        """The rules that match, in order of rank."""
        if OWN_MARK in record[:OWN_MARK_WITHIN]:
            return []
        text = record.decode("utf-8", "replace")
        found: list[_Found] = []
        for index in rules:
            prepared = self._rules[index]
            if not self._is_tried(prepared, kind):
                continue
            if prepared.rule.general and any(not rule.clears for rule, _ in found):
                break
            result.searches += 1
            pattern = prepared.pattern or self._compiled(prepared)
            if len(text) <= prepared.harmless:
                match = pattern.search(text)
            else:
                match = self._watched(pattern, prepared, text, result)
            if match is not None and not is_in_source(text, match.start()):
                found.append((prepared.rule, match))
        if len(found) > 1 and kind != ANY_KIND:
            found.sort(key=lambda one: kind not in one[0].kinds)
        return found

    def _is_tried(self, prepared: _Prepared, kind: str) -> bool:
        return prepared.strikes < self._strikes and _stands_in(prepared.rule, kind)

    def _compiled(self, prepared: _Prepared) -> "regex.Pattern[str]":
        self._at_hand.append(prepared)
        if len(self._at_hand) > MANY_COMPILED:
            self._at_hand.popleft().pattern = None
        return prepared.compiled()

    def _watched(
        self, pattern: "regex.Pattern[str]", prepared: _Prepared, text: str, result: Scan
    ) -> "regex.Match[str] | None":
        """A search against the clock."""
        for _ in range(TRIES):
            try:
                return pattern.search(text, timeout=self._timeout_s)
            except TimeoutError:
                continue
        prepared.strikes += 1
        result.timeouts[prepared.rule.id] += 1
        if prepared.strikes == self._strikes:
            # It is not to be found any more, in nothing.
            self._repeats.forget()
        return None


# A rule, and how it matches.
_Found = tuple[Rule, "regex.Match[str]"]


def _verdict(found: Sequence[_Found]) -> _Verdict:
    if not found:
        return _INNOCENT
    errors = [(rule.id, match) for rule, match in found if not rule.clears]
    names = [name for name, _ in errors]
    cleared = [(rule.id, _parts(match)) for rule, match in found if rule.clears and rule.id not in names]
    if not errors:
        return _Verdict(cleared=cleared)
    return _Verdict(names[0], tuple(names[1:]), _parts(errors[0][1]), cleared)


def _parts(match: "regex.Match[str]") -> Sequence[_Part]:
    """The captures of `match`, none longer than is published."""
    spans = ((name, *match.span(name)) for name in match.groupdict())
    return [(name, start, min(end, start + MAX_CAPTURE)) for name, start, end in spans if start < end]


def _note(verdict: _Verdict, record: bytes, start: int, end: int, result: Scan) -> None:
    """What stands in `record`, from `start` to `end` of the chunk."""
    text = record.decode("utf-8", "replace")
    rule, also, parts, cleared = verdict
    if rule:
        result.matches.append(Match(rule, also, start, end, text, _captures(text, parts)))
    for over, its in cleared:
        result.cleared.append(Match(over, (), start, end, text, _captures(text, its), clears=True))


def _stands_in(rule: Rule, kind: str) -> bool:
    return kind == ANY_KIND or not rule.kinds or kind in rule.kinds


def _captures(text: str, parts: Sequence[_Part]) -> Mapping[str, str]:
    return {name: text[start:end] for name, start, end in parts}
