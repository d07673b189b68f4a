"""Entries as the scanner wants them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from logwatch.catalogue.entry import Entry, LogKind
from logwatch.scan.index import Rule


def rule_of(entry: Entry) -> Rule:
    """The rule of `entry`; an entry that can stand in any log is bound to none."""
    kinds = frozenset() if LogKind.ANY in entry.sources else frozenset(map(str, entry.sources))
    return Rule(entry.id, entry.regex, kinds, entry.severity.rank, general=entry.general)


def rules_of(entries: Iterable[Entry]) -> list[Rule]:
    """The rules of all `entries`, with those for the lines that say that an error is over."""
    return [rule for entry in entries for rule in _rules(entry)]


def _rules(entry: Entry) -> Iterator[Rule]:
    rule = rule_of(entry)
    yield rule
    if entry.clears:
        yield replace(rule, pattern=entry.clears, clears=True)
