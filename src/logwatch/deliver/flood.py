"""How much one receiver bears: a budget of messages an hour, and one message for what befalls many jobs.

Pure; times are seconds since the epoch. What is held back is counted, and told in sum. All state can be taken
out and put back (`to_dict`, `from_dict`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from logwatch.catalogue.entry import Language, Severity
from logwatch.incident.incident import MAX_PLACES, Evidence, Incident, Notice, NoticeKind, Remark
from logwatch.incident.open import UPDATE_GAPS_S
from logwatch.render.message import OWN_DOMAIN
from logwatch.render.phrases import phrases

WINDOW_S = 3600.0
# So many jobs with one error may be coincidence; within so short a time, more are not.
CROWD_JOBS = 10
CROWD_WITHIN_S = 600.0
# What a digest names one by one; the others are counted in its last sentence.
MAX_LISTED = 20
# Incidents of one window, and jobs of one crowd, that are told apart. Beyond, they are only counted.
MAX_KEPT = 2_000
DIGEST_ID = f"{OWN_DOMAIN}/digest"


@dataclass(slots=True)
class HeldBack:
    """An incident of which messages were held back."""

    error_id: str
    job: str
    severity: str
    count: int = 0


@dataclass(slots=True)
class Budget:
    """The messages of one receiver within an hour from the first one on."""

    started: float = 0.0
    sent: int = 0
    held: dict[str, HeldBack] = field(default_factory=dict)
    held_in_all: int = 0

    def allows(self, most: int, now: float) -> bool:
        """Whether one more message fits; it is then counted."""
        if not self.held_in_all and not self.started <= now < self.started + WINDOW_S:
            self.started, self.sent = now, 0
        if self.sent >= most:
            return False
        self.sent += 1
        return True

    def hold(self, incident: Incident) -> None:
        """Counts a message that did not fit."""
        self.held_in_all += 1
        if incident.incident_id in self.held or len(self.held) < MAX_KEPT:
            about = HeldBack(incident.error_id, incident.labels.get("job", ""), incident.severity)
            self.held.setdefault(incident.incident_id, about).count += 1

    def digest(self, receiver: str, host: str, language: Language, now: float) -> Notice | None:
        """At the end of the hour, what was held back in it, as one notice; the next hour begins."""
        if not self.held_in_all or self.started <= now < self.started + WINDOW_S:
            return None
        notice = _digest(self, receiver, host, language, now)
        # The digest is a message, too.
        self.started, self.sent, self.held, self.held_in_all = now, 1, {}, 0
        return notice

    def to_dict(self) -> dict[str, Any]:
        held = {name: [h.error_id, h.job, h.severity, h.count] for name, h in self.held.items()}
        return {"started": self.started, "sent": self.sent, "held": held, "held_in_all": self.held_in_all}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Budget":
        held = {name: HeldBack(*fields) for name, fields in body["held"].items()}
        return cls(body["started"], body["sent"], held, body["held_in_all"])


def _digest(budget: Budget, receiver: str, host: str, language: Language, now: float) -> Notice:
    most_first = sorted(budget.held.values(), key=lambda held: -held.count)
    listed, others = most_first[:MAX_LISTED], most_first[MAX_LISTED:]
    told = [
        Remark("digest", {"count": str(budget.held_in_all), "incidents": str(len(most_first))}),
        *(_one_held_back(held) for held in listed),
        *([Remark("digest_more", {"count": str(len(others))})] if others else []),
    ]
    worst = max((Severity(held.severity) for held in most_first), key=lambda severity: severity.rank)
    name = hashlib.sha256(f"digest\0{receiver}\0{budget.started}".encode()).hexdigest()[:32]
    incident = Incident(
        incident_id=name,
        error_id=DIGEST_ID,
        severity=str(worst),
        decision=None,
        title=phrases(language).digest,
        domain=OWN_DOMAIN,
        category="digest",
        labels={},
        host=host,
        first_seen=budget.started,
        last_seen=now,
        count=budget.held_in_all,
        places=(),
        place_count=0,
        root_cause="",
        workarounds=(),
        dead_ends=(),
        evidence=Evidence("", "", 0),
        echoes=(),
        confidence=1.0,
        verification_tier="",
        resolvable="",
        doc_url="",
        catalogue_version="",
    )
    return Notice(name, "opened", now, incident, told)


def _one_held_back(held: HeldBack) -> Remark:
    values = {"error": held.error_id, "count": str(held.count)}
    return Remark("digest_of_job", {**values, "job": held.job}) if held.job else Remark("digest_of", values)


@dataclass(slots=True)
class Crowd:
    """One error in many jobs. `recent` are the jobs that have it, and when each was first heard of.

    Once there are too many the crowd `is_told` of as one, and its `members` (incidents) are not any more.
    """

    recent: dict[str, float] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)
    number: int = 0
    is_told: bool = False
    incident_id: str = ""
    began: float = 0.0
    told_at: float = 0.0
    told_number: int = 0
    growths: int = 0
    notices: int = 0

    def hear(self, notice: Notice, most: int, now: float) -> Notice | None:
        """Takes in a notice that an incident opened or changed; what is to be said of the crowd, if anything.

        Whether the notice itself is to be said shows `is_told`, asked before and after.
        """
        incident = notice.incident
        self._count(incident.labels.get("job") or incident.host, now)
        if not self.is_told and len(self.recent) <= most:
            return None
        self.members[incident.incident_id] = None
        if not self.is_told:
            self.is_told, self.began = True, now
            self.incident_id = hashlib.sha256(f"crowd\0{notice.id}".encode()).hexdigest()[:32]
            return self._notice("opened", incident, now)
        gap = UPDATE_GAPS_S[min(self.growths, len(UPDATE_GAPS_S) - 1)]
        if self.number > self.told_number and now >= self.told_at + gap:
            self.growths += 1
            return self._notice("updated", incident, now)
        return None

    def leave(self, notice: Notice, now: float) -> Notice | None:
        """An incident went quiet. After the last one the crowd does, too."""
        if self.members.pop(notice.incident.incident_id, "") == "" or self.members:
            return None
        last = self._notice("quiet", notice.incident, now)
        self.is_told, self.recent, self.number = False, {}, 0
        self.growths = self.told_number = self.notices = 0
        return last

    def is_idle(self, now: float) -> bool:
        """Whether there is nothing to remember any more."""
        self._forget(now)
        return not self.recent and not self.is_told

    def _count(self, job: str, now: float) -> None:
        self._forget(now)
        if job not in self.recent:
            self.number += 1
            if len(self.recent) < MAX_KEPT:
                self.recent[job] = now

    def _forget(self, now: float) -> None:
        """Jobs that are long in it do not make a crowd; a crowd that was told of keeps all."""
        if not self.is_told:
            self.recent = {job: at for job, at in self.recent.items() if 0 <= now - at < CROWD_WITHIN_S}
            self.number = len(self.recent)

    def _notice(self, kind: NoticeKind, like: Incident, now: float) -> Notice:
        self.told_at, self.told_number = now, self.number
        self.notices += 1
        name = hashlib.sha256(f"{self.incident_id}\0{self.notices}".encode()).hexdigest()[:32]
        return Notice(name, kind, now, self._incident(like), [Remark("crowd", {"jobs": str(self.number)})])

    def _incident(self, like: Incident) -> Incident:
        """What its members have in common, from the one at hand."""
        return replace(
            like,
            incident_id=self.incident_id,
            labels={name: value for name, value in like.labels.items() if name not in ("job", "rank", "pid")},
            first_seen=min(self.began, like.first_seen),
            count=self.number,
            places=like.places[:MAX_PLACES],
            place_count=max(self.number, like.place_count),
            absorbed=(),
        )

    def to_dict(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in self.__slots__}
        return {**body, "members": list(self.members)}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Crowd":
        return cls(**{**body, "members": dict.fromkeys(body["members"])})
