"""One known error, as a person wrote it down.

The format is that of the records under `seeds/`. Fields that are not known here are kept
(`Entry.unknown_fields`) and warned about by the loader: records come from elsewhere, too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# `packaging` is imported where versions are known: to import it takes a third as long as pydantic.
if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Language = Literal["en", "zh"]
ENTRY_ID = r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)+"


class Severity(StrEnum):
    """How bad it is for the job, least first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Decision(StrEnum):
    """One word for a machine that has to act."""

    RESTART = "restart"
    STOP = "stop"
    RESTART_ELSEWHERE = "restart_elsewhere"
    RESET_GPU = "reset_gpu"
    REBOOT = "reboot"
    REPLACE = "replace"
    IGNORE = "ignore"


class LogKind(StrEnum):
    """The kinds of log an error can stand in."""

    TRAINING = "training"
    SERVING = "serving"
    KERNEL = "kernel"
    SLURM = "slurm"
    KUBERNETES = "kubernetes"
    ANY = "any"


def _text_or_empty(value: Any) -> Any:
    return "" if value is None else value


def _list_or_empty(value: Any) -> Any:
    return [] if value is None else value


def _lower_bool(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    """Records name one, several, or a table of them."""
    return [value] if isinstance(value, str) else list(value or [])


Text = Annotated[str, BeforeValidator(_text_or_empty)]


class _Record(BaseModel):
    # What is part of an entry needs no validator of its own.
    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=False)


class Workaround(_Record):
    """Something to do. `success_rate` is a claim; how it was come by is said by the entry's tier."""

    action: Text
    success_rate: Rate | None = None
    how: Text = ""
    condition: Text = ""
    sources: Annotated[tuple[str, ...], BeforeValidator(_list_or_empty)] = ()
    versions: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    os_specific: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()

    def is_for(self, known: Mapping[str, str], system: str) -> bool:
        """Whether the versions and operating systems it names, if any, admit what is here."""
        if self.os_specific and system not in {name.lower() for name in self.os_specific}:
            return False
        return not self.versions or any(_judged(v, known) is not Fit.NO for v in self.versions)


class DeadEnd(_Record):
    """Something that people try in vain. An empty `action` leaves only the reason."""

    action: Text = ""
    why_fails: Text = ""
    fail_rate: Rate | None = None
    condition: Text = ""
    sources: Annotated[tuple[str, ...], BeforeValidator(_list_or_empty)] = ()


class VersionNote(_Record):
    """A product and the versions the entry speaks of: `accelerate>=0.20.0` (PEP 440 specifiers)."""

    version: str
    introduced: str | None = None
    deprecated: str | None = None
    removed: str | None = None
    behavior_change: str | None = None
    status: str | None = None

    def requirement(self) -> "Requirement | None":
        """The parsed form, or None where the text is not a requirement."""
        from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

        try:
            return Requirement(self.version)
        except InvalidRequirement:
            return None


class Transition(_Record):
    """A neighbour in a person's journey over days; never a cause at run time."""

    error_id: str
    probability: Rate | None = None
    distinction: Text = ""


def _transition(value: Any) -> Any:
    return {"error_id": value} if isinstance(value, str) else value


Transitions = Annotated[
    tuple[Annotated[Transition, BeforeValidator(_transition)], ...], BeforeValidator(_list_or_empty)
]


class TransitionGraph(_Record):
    leads_to: Transitions = ()
    preceded_by: Transitions = ()
    frequently_confused_with: Transitions = ()


class Example(_Record):
    """A line as it was really seen. `where` is the address or file it was read in."""

    text: str
    product: Text = ""
    version: Text = ""
    where: Text = ""
    note: Text = ""


class Examples(_Record):
    match: tuple[Example, ...] = ()
    no_match: tuple[Example, ...] = ()


class Entry(_Record):
    """One known error. Rates lie between 0 and 1; dates are ISO 8601."""

    id: Annotated[str, Field(pattern=f"^{ENTRY_ID}$")]
    signature: str
    regex: Annotated[str, Field(min_length=1)]
    signature_zh: Text = ""
    domain: Text = ""
    category: Text = ""
    subcategory: Text = ""
    root_cause: Text = ""
    root_cause_zh: Text = ""
    root_cause_type: Text = ""
    versions: Annotated[tuple[VersionNote, ...], BeforeValidator(_list_or_empty)] = ()
    os_specific: Mapping[str, Any] = Field(default_factory=dict)
    dead_ends: Annotated[tuple[DeadEnd, ...], BeforeValidator(_list_or_empty)] = ()
    workarounds: Annotated[tuple[Workaround, ...], BeforeValidator(_list_or_empty)] = ()
    workarounds_zh: Annotated[tuple[str, ...], BeforeValidator(_list_or_empty)] = ()
    transition_graph: TransitionGraph = TransitionGraph()
    official_doc_url: Text = ""
    official_doc_section: Text = ""
    error_code: Annotated[str | None, BeforeValidator(lambda v: None if v is None else str(v))] = None
    verification_tier: Text = "unverified"
    confidence: Rate = 0.5
    fix_success_rate: Rate | None = None
    resolvable: Annotated[Literal["true", "partial", "false"], BeforeValidator(_lower_bool)] = "partial"
    first_seen: Text = ""
    last_confirmed: Text = ""
    last_updated: Text = ""
    evidence_count: Annotated[int, Field(ge=0)] = 0
    tags: Annotated[tuple[str, ...], BeforeValidator(_list_or_empty)] = ()
    locale: Text = "en"
    aliases: Annotated[tuple[str, ...], BeforeValidator(_list_or_empty)] = ()
    # Not in the original record format; all optional.
    severity: Severity = Severity.ERROR
    decision: Decision | None = None
    sources: tuple[LogKind, ...] = (LogKind.ANY,)
    examples: Examples = Examples()
    clears: Text = ""
    general: bool = False

    @property
    def unknown_fields(self) -> tuple[str, ...]:
        return tuple(self.model_extra or ())

    @property
    def home(self) -> str:
        """The domain: what is written, else the first part of the id."""
        return self.domain or self.id.split("/", 1)[0]

    @property
    def names_cleared(self) -> tuple[str, ...]:
        """Captures of the line that says that it is over which the error's own lines have, too."""
        names = dict.fromkeys(_GROUP.findall(self.clears))
        return tuple(name for name in names if f"(?P<{name}>" in self.regex)

    def stands_in(self, kind: LogKind) -> bool:
        """Whether this error can appear in a log of `kind`."""
        return kind is LogKind.ANY or LogKind.ANY in self.sources or kind in self.sources

    def title(self, language: Language = "en") -> str:
        return (self.signature_zh if language == "zh" else "") or self.signature

    def cause(self, language: Language = "en") -> str:
        return (self.root_cause_zh if language == "zh" else "") or self.root_cause

    def is_unlikely_for(self, known: Mapping[str, str]) -> VersionNote | None:
        """The note that speaks against this entry, given `known` product versions (`{"torch": "2.5.1"}`).

        An entry is unlikely when a product it names is known to be there in a version outside every
        range given for that product.
        """
        if not known:
            return None
        from packaging.utils import canonicalize_name  # noqa: PLC0415

        verdicts: dict[str, list[tuple[bool, VersionNote]]] = {}
        for note in self.versions:
            requirement = note.requirement()
            if requirement is None or canonicalize_name(requirement.name) not in known:
                continue
            name = canonicalize_name(requirement.name)
            verdicts.setdefault(name, []).append((_fits(requirement.specifier, known[name]), note))
        for notes in verdicts.values():
            if not any(fits for fits, _ in notes):
                return notes[0][1]
        return None


def _fits(wanted: "SpecifierSet", version: str) -> bool:
    """Whether `version` satisfies `wanted`; a version that cannot be read speaks against nothing."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        return wanted.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


class Fit(StrEnum):
    """Whether advice applies here: as far as is known, for sure, or not at all."""

    SURE = "sure"
    OPEN = "open"
    NO = "no"


def fit_of(condition: str, known: Mapping[str, str], system: str = "linux") -> Fit:
    """Whether advice given under `condition` applies.

    Requirements (`torch>=2.5, nccl<2.20`) are judged against the `known` versions, names of operating
    systems against `system`. Prose, and a product whose version is not known, leave it open.
    """
    if not condition.strip():
        return Fit.SURE
    systems = {name for name in _SYSTEMS if re.search(rf"\b{name}\b", condition, re.IGNORECASE)}
    if systems and system not in systems:
        return Fit.NO
    verdicts = [_judged(part.strip(), known) for part in condition.split(",")]
    if Fit.NO in verdicts:
        return Fit.NO
    return Fit.OPEN if Fit.OPEN in verdicts and condition.strip().lower() not in systems else Fit.SURE


_GROUP = re.compile(r"\(\?P<(\w+)>")
_SYSTEMS = ("linux", "windows", "macos")


def _judged(part: str, known: Mapping[str, str]) -> Fit:
    if not known:
        return Fit.OPEN
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
    from packaging.specifiers import InvalidSpecifier  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    try:
        requirement = Requirement(part)
    except (InvalidRequirement, InvalidSpecifier):
        return Fit.OPEN
    version = known.get(canonicalize_name(requirement.name))
    if version is None:
        return Fit.OPEN
    return Fit.SURE if _fits(requirement.specifier, version) else Fit.NO


# Advice whose condition may or may not hold here has to promise so much more to be given first.
_OPEN_COUNTS = 0.75


def claimed(workaround: Workaround) -> float:
    """How often a workaround is said to help, from 0 to 1."""
    return workaround.success_rate or 0.0


def ranked_workarounds(
    entry: Entry,
    known: Mapping[str, str] | None = None,
    language: Language = "en",
    system: str = "linux",
    expected: Callable[[Workaround], float] = claimed,
) -> list[Workaround]:
    """What to do, the recommended one first: of those that can apply, the one expected to help most often.

    The Chinese texts are a list parallel to `workarounds`; a missing one falls back to English.
    """
    texts = entry.workarounds_zh if language == "zh" else ()
    ranked: list[tuple[float, Workaround]] = []
    for workaround, text in _beside(entry.workarounds, texts):
        fit = fit_of(workaround.condition, known or {}, system)
        if workaround.action and fit is not Fit.NO and workaround.is_for(known or {}, system):
            rate = expected(workaround) * (1.0 if fit is Fit.SURE else _OPEN_COUNTS)
            ranked.append((rate, workaround.model_copy(update={"action": text}) if text else workaround))
    return [workaround for _, workaround in sorted(ranked, key=lambda pair: -pair[0])]


def ranked_dead_ends(
    entry: Entry, known: Mapping[str, str] | None = None, system: str = "linux"
) -> list[DeadEnd]:
    """What will not help, the surest failure first; empty ones are left out."""
    said = [
        dead_end
        for dead_end in entry.dead_ends
        if (dead_end.action or dead_end.why_fails)
        and fit_of(dead_end.condition, known or {}, system) is not Fit.NO
    ]
    return sorted(said, key=lambda d: -(d.fail_rate or 0.0))


def _beside(workarounds: Sequence[Workaround], texts: Sequence[str]) -> list[tuple[Workaround, str]]:
    padded = [*texts, *[""] * len(workarounds)]
    return list(zip(workarounds, padded, strict=False))
