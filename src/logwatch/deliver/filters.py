"""What a receiver wants to hear of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from logwatch.catalogue.entry import Severity
from logwatch.incident.incident import Incident


@dataclass(frozen=True, slots=True)
class ReceiverFilter:
    """All conditions must hold; an empty one always does.

    `labels` maps names to shell patterns (`*`, `?`, `[…]`); a label that an incident lacks fits none.
    """

    min_severity: Severity = Severity.INFO
    domains: frozenset[str] = frozenset()
    min_confidence: float = 0.0
    tiers: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, incident: Incident) -> bool:
        return (
            Severity(incident.severity).rank >= self.min_severity.rank
            and (not self.domains or incident.domain in self.domains)
            and incident.confidence >= self.min_confidence
            and (not self.tiers or incident.verification_tier in self.tiers)
            and all(
                name in incident.labels and fnmatchcase(incident.labels[name], pattern)
                for name, pattern in self.labels.items()
            )
        )
