"""What helped here, and what that says about advice. Pure.

A catalogue's success rate is a claim about the world; people on the spot say what worked for them. Both are
put together as Beta distributions allow: the claim counts like `CLAIM_WEIGHT` cases somebody else has seen,
and every case of one's own like one. So the first own experience moves the order of advice a little, and a
dozen of them decide it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from logwatch.catalogue.entry import Entry, Workaround

# In the state directory.
FILE_NAME = "outcomes.json"
# Few: many claims were never counted by anybody.
CLAIM_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a workaround was tried here, and how often it worked."""

    worked: int = 0
    tried: int = 0

    def and_one(self, *, worked: bool) -> "Outcome":
        return Outcome(self.worked + worked, self.tried + 1)


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody says what became of one workaround in one incident. `action` is its English text."""

    incident_id: str
    error_id: str
    action: str
    worked: bool
    at: float
    by: str

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Report":
        """Raises: ValueError, where `body` has another form."""
        try:
            texts = {name: str(body[name]) for name in ("incident_id", "error_id", "action", "by")}
            return cls(**texts, worked=body["worked"] is True, at=float(body["at"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"is no outcome: {error}") from error


def expected(claim: float | None, outcome: Outcome) -> float:
    """The mean of the posterior: how often a workaround can be expected to help, from 0 to 1.

    Without a claim, and without experience, nothing is expected of it.
    """
    return (CLAIM_WEIGHT * (claim or 0.0) + outcome.worked) / (CLAIM_WEIGHT + outcome.tried)


class Experience:
    """What is known here of workarounds. Shared by all who give advice, so that they learn at once."""

    def __init__(self, reports: Iterable[Report] = ()) -> None:
        self._of: dict[tuple[str, str], Outcome] = {}
        self.learn(reports)

    def learn(self, reports: Iterable[Report]) -> None:
        """These reports, and no others, are what is known."""
        self._of.clear()
        for report in reports:
            key = report.error_id, report.action
            self._of[key] = self._of.get(key, Outcome()).and_one(worked=report.worked)

    def of(self, entry: Entry, action: str) -> Outcome:
        """Of a workaround of `entry`, also under its former ids. `action` is the English text."""
        known = [self._of.get((name, action), Outcome()) for name in (entry.id, *entry.aliases)]
        return Outcome(sum(o.worked for o in known), sum(o.tried for o in known))

    def expected_of(self, entry: Entry, workaround: Workaround) -> float:
        return expected(workaround.success_rate, self.of(entry, workaround.action))
