"""Entries as the scanner wants them."""

from collections.abc import Iterable

from logwatch.catalogue.entry import Entry, LogKind
from logwatch.scan.index import Rule


def rule_of(entry: Entry) -> Rule:
    """The rule of `entry`; an entry that can stand in any log is bound to none."""
    kinds = frozenset() if LogKind.ANY in entry.sources else frozenset(map(str, entry.sources))
    return Rule(entry.id, entry.regex, kinds, entry.severity.rank)


def rules_of(entries: Iterable[Entry]) -> list[Rule]:
    return [rule_of(entry) for entry in entries]
