"""Silences: what somebody does not want to hear of for a while. Pure; times are seconds since the epoch.

A silence has an owner and an end, always: one that nobody remembers and that never ends hides what breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from logwatch.incident.event import rfc3339
from logwatch.incident.incident import Incident

# In the state directory.
FILE_NAME = "silences.json"


@dataclass(frozen=True, slots=True)
class Silence:
    """`error`, `job` and the values of `labels` are shell patterns; an empty `job` fits every job.

    `error` is compared with the id of the incident's error and with its former ids.
    """

    id: str
    error: str
    owner: str
    created: float
    ends: float
    job: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""

    def is_over(self, now: float) -> bool:
        return now >= self.ends

    def accepts(self, incident: Incident, former_ids: Sequence[str] = ()) -> bool:
        """Whether it is about `incident`. A label that an incident lacks fits no pattern."""
        wanted = {**self.labels, **({"job": self.job} if self.job else {})}
        return any(fnmatchcase(name, self.error) for name in (incident.error_id, *former_ids)) and all(
            name in incident.labels and fnmatchcase(incident.labels[name], pattern)
            for name, pattern in wanted.items()
        )

    def mutes(self, incident: Incident, now: float, former_ids: Sequence[str] = ()) -> bool:
        return not self.is_over(now) and self.accepts(incident, former_ids)

    def published(self, hits: int, now: float) -> dict[str, Any]:
        """As people and programs see it, with how many notices it held back."""
        times = {"created": rfc3339(self.created), "ends": rfc3339(self.ends)}
        return {**asdict(self), **times, "active": not self.is_over(now), "hits": hits}

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Silence":
        """The inverse of `to_dict`.

        Raises:
            ValueError: `body` has another form.
        """
        try:
            texts = {name: str(body.get(name, "")) for name in ("id", "error", "owner", "job", "comment")}
            labels = {str(name): str(pattern) for name, pattern in body.get("labels", {}).items()}
            silence = cls(**texts, labels=labels, created=float(body["created"]), ends=float(body["ends"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"is no silence: {error}") from error
        if not (silence.id and silence.error and silence.owner):
            raise ValueError("is no silence: it lacks an id, an error or an owner")
        return silence
