"""What the catalogue adds to what was observed: together they are the published incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from logwatch.catalogue.entry import (
    Entry,
    Language,
    Severity,
    Workaround,
    ranked_dead_ends,
    ranked_workarounds,
)
from logwatch.incident.account import Account
from logwatch.incident.event import Advice, advice, warning
from logwatch.incident.incident import MAX_PLACES, Incident
from logwatch.incident.outcomes import Experience
from logwatch.incident.title import title_of


@dataclass(frozen=True, slots=True)
class Advisor:
    """What the catalogue in force adds to an incident."""

    entries: Mapping[str, Entry]
    catalogue_version: str
    language: Language = "en"
    experience: Experience = field(default_factory=Experience)

    def incident(self, account: Account) -> Incident:
        """The published form. An entry that is gone from the catalogue leaves its fields empty."""
        entry = self.entries.get(account.error_id)
        return Incident(
            incident_id=account.incident_id,
            error_id=account.error_id,
            severity=self._severity([account.error_id, *account.as_bad_as]),
            decision=str(entry.decision) if entry and entry.decision else None,
            title=title_of(entry, account.evidence.line, self.language) if entry else account.error_id,
            domain=entry.home if entry else account.error_id.split("/", 1)[0],
            category=entry.category if entry else "",
            labels=account.labels,
            host=account.host,
            first_seen=account.first_seen,
            last_seen=account.last_seen,
            count=account.count,
            places=account.places[:MAX_PLACES],
            place_count=account.place_count,
            root_cause=entry.cause(self.language) if entry else "",
            workarounds=self._workarounds(entry),
            dead_ends=[warning(d) for d in ranked_dead_ends(entry)] if entry else [],
            evidence=account.evidence,
            echoes=account.echoes,
            confidence=entry.confidence if entry else 0.0,
            verification_tier=entry.verification_tier if entry else "",
            resolvable=entry.resolvable if entry else "partial",
            doc_url=entry.official_doc_url if entry else "",
            catalogue_version=self.catalogue_version,
            reasons=account.reasons,
            next_hits=[t.error_id for t in entry.transition_graph.leads_to] if entry else [],
            absorbed=account.absorbed,
        )

    def retold(self, incident: Incident) -> Incident:
        """`incident` in the language of this advisor."""
        entry = self.entries.get(incident.error_id)
        if entry is None:
            return incident
        return replace(
            incident,
            title=title_of(entry, incident.evidence.line, self.language),
            root_cause=entry.cause(self.language),
            workarounds=self._workarounds(entry),
        )

    def _severity(self, error_ids: Sequence[str]) -> str:
        known = [self.entries[error_id].severity for error_id in error_ids if error_id in self.entries]
        return str(max(known, key=lambda severity: severity.rank, default=Severity.ERROR))

    def _workarounds(self, entry: Entry | None) -> list[Advice]:
        if entry is None:
            return []
        actions = self.actions(entry.id)
        said = self._ranked(entry, self.language)
        known = [self.experience.of(entry, action) for action in actions]
        return [
            replace(advice(workaround), worked=outcome.worked, tried=outcome.tried)
            for workaround, outcome in zip(said, known, strict=True)
        ]

    def actions(self, error_id: str) -> list[str]:
        """What is advised, in the order in which it is, in the words of the catalogue's own language."""
        entry = self.entries.get(error_id)
        return [w.action for w in self._ranked(entry, "en")] if entry is not None else []

    def _ranked(self, entry: Entry, language: Language) -> list[Workaround]:
        return ranked_workarounds(
            entry, language=language, expected=partial(self.experience.expected_of, entry)
        )
