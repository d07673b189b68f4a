"""The keys of the configuration, their defaults and what they mean.

The descriptions are the reference: `docs/configuration.md` repeats them and a test keeps the two in step.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from logwatch.catalogue.entry import Language, LogKind, Rate, Severity
from logwatch.config.values import (
    ClockTime,
    DayRange,
    Exclude,
    FileNames,
    Glob,
    Labels,
    LabelValue,
    Listen,
    LocalPath,
    Location,
    MonthRange,
    Name,
    SecretTexts,
    SecretUrl,
    SigningSecrets,
    SlackUrl,
    Template,
    Unit,
    Url,
    WeekdayRange,
    YearRange,
    mistake,
)
from logwatch.deliver.flood import CROWD_JOBS
from logwatch.deliver.time_intervals import time_range

Seconds = Annotated[float, Field(ge=0, le=600)]
Count = Annotated[int, Field(ge=1)]
# A message a minute: more than anybody reads, less than makes people leave a channel.
CHAT_BUDGET = 60
_BUDGET = (
    "Messages an hour; what is more is told in sum at the end of the hour. `null` for no limit. "
    "Default: 60 for `slack` and `slack_bot`, else none."
)
_CROWD = (
    "When more jobs than this have the same error within 10 minutes, one message tells of all. "
    "`null`: every incident is told by itself. Default for `alertmanager`: `null`."
)
KIB = 1024
MIB = 1024 * KIB


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class CatalogueFolders(_Section):
    """Which entries are in force."""

    shipped: bool = Field(default=True, description="Use the entries that come with logwatch.")
    paths: tuple[LocalPath, ...] = Field(
        default=(), description="Folders of further entries. One with the id of a shipped entry replaces it."
    )


class Source(_Section):
    """What all sources have."""

    name: Name = Field(description="Names the source in events and as the label `source`. Unique.")
    labels: Labels = Field(
        default_factory=dict,
        description="Labels of everything in this source. Those that a path gives win.",
    )
    kind: LogKind = Field(
        default=LogKind.ANY,
        description="What writes here: `training`, `serving`, `kernel`, `slurm`, `kubernetes`, `any`. "
        "Entries for other kinds are not looked for.",
    )


class Files(Source):
    """Log files, by patterns of their paths."""

    type: Literal["files"] = Field(default="files", description="`files`, or left out.")
    paths: tuple[Glob, ...] = Field(
        min_length=1,
        description="Patterns of paths: `*`, `?`, `[…]` within a part, `**` for any depth.",
    )
    exclude: tuple[Exclude, ...] = Field(
        default=(),
        description="Patterns of files to leave out; they win. Without a slash in front, at any depth.",
    )
    start_at: Literal["beginning", "end"] = Field(
        default="beginning",
        description="Where to begin in files that are already there the first time: `beginning` or `end`. "
        "Files that appear later are read from their beginning.",
    )
    path_labels: tuple[Template, ...] = Field(
        default=(),
        description="Templates that read labels off a path, as `/logs/{job}/rank{rank}.log`; "
        "the first that fits wins.",
    )
    format: Literal["auto", "plain", "cri", "docker"] = Field(
        default="auto",
        description="How a line is wrapped: `plain` (not at all), `cri` (containerd, CRI-O), "
        "`docker` (json-file), `auto` (look).",
    )


class Journald(Source):
    """The systemd journal, through `journalctl`."""

    type: Literal["journald"] = Field(description="`journald`.")
    kernel: bool = Field(
        default=False, description="Only what the kernel says; then `kind` is `kernel`, if not given."
    )
    units: tuple[Unit, ...] = Field(default=(), description="Only these units, as `slurmd.service`.")
    directory: LocalPath | None = Field(
        default=None, description="Where the journal lies, if not where this machine has its own."
    )
    start_at: Literal["beginning", "end"] = Field(
        default="beginning",
        description="Where to begin the first time: `beginning` of the present boot, or `end`.",
    )

    @model_validator(mode="after")
    def _one_filter(self) -> "Journald":
        if self.kernel and self.units:
            raise mistake("has both `kernel` and `units`", "make it two sources")
        return self


class Kmsg(Source):
    """The kernel's own log."""

    type: Literal["kmsg"] = Field(description="`kmsg`.")
    kind: LogKind = Field(default=LogKind.KERNEL)
    path: LocalPath = Field(default=Path("/dev/kmsg"), description="The device.")
    start_at: Literal["beginning", "end"] = Field(
        default="beginning",
        description="Where to begin the first time: `beginning` of what the kernel still has, or `end`.",
    )


class Fifo(Source):
    """A named pipe. What is lost when the daemon stops: docs/sources.md."""

    type: Literal["fifo"] = Field(description="`fifo`.")
    path: LocalPath = Field(description="The FIFO, made with `mkfifo`.")


class Stdin(Source):
    """Standard input. When it ends and nothing else is followed, the daemon does."""

    type: Literal["stdin"] = Field(description="`stdin`. One source at the most.")


def _type_of_source(value: Any) -> Any:
    told = value.get("type", "files") if isinstance(value, dict) else getattr(value, "type", "files")
    # A list or a section as type would be no tag.
    return told if isinstance(told, str) else repr(told)


AnySource = Annotated[
    Annotated[Files, Tag("files")]
    | Annotated[Journald, Tag("journald")]
    | Annotated[Kmsg, Tag("kmsg")]
    | Annotated[Fifo, Tag("fifo")]
    | Annotated[Stdin, Tag("stdin")],
    Discriminator(_type_of_source),
]


class EventFile(_Section):
    """Where every event is written, one JSON object a line."""

    path: LocalPath | None = Field(
        default=Path("/var/log/logwatch/events.jsonl"),
        description="The file; `-` for standard output, `null` for none.",
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_off(cls, value: Any) -> Any:
        return {"path": None} if value is None else value

    @field_validator("path", mode="wrap")
    @classmethod
    def _dash_stays(cls, value: Any, validate: Any) -> Any:
        return Path("-") if str(value) == "-" else validate(value)

    @property
    def to_stdout(self) -> bool:
        return self.path == Path("-")


class Http(_Section):
    """Metrics, health and the status page."""

    listen: Listen | None = Field(
        default="127.0.0.1:9477",
        description="`host:port`; `:9477` for all addresses, `null` for no HTTP at all.",
    )
    url: Url | None = Field(
        default=None,
        description="Where people reach the status page, as through a proxy: messages link to it. Usual: the name "
        "of this machine and the port of `listen`; none where that is for this machine alone.",
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_off(cls, value: Any) -> Any:
        return {"listen": None} if value is None else value

    @property
    def address(self) -> tuple[str, int] | None:
        """Host (empty: all addresses) and port."""
        if self.listen is None:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def page_url(self, machine: str) -> str:
        """Where people reach the status page of `machine`; empty where they do not."""
        if self.url is not None:
            return self.url
        host, port = self.address or ("", 0)
        # A port of 0 is known only once it is bound.
        return f"http://{machine}:{port}/" if port and not _is_this_machine_alone(host) else ""


def _is_this_machine_alone(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Destination(_Section):
    """What all destinations have: a name, and which incidents they want. Without filters: all."""

    # Keys that hold a secret and can be read from `<key>_file`; True where one of the two is needed.
    credentials: ClassVar[Mapping[str, bool]] = {}

    name: Name = Field(description="Names the receiver in metrics, messages and `notify test`. Unique.")
    min_severity: Severity | None = Field(
        default=None, description="Only incidents at least this bad: `info`, `warning`, `error`, `critical`."
    )
    domains: tuple[str, ...] = Field(
        default=(), description="Only incidents of these domains, as `nccl`, `cuda`."
    )
    min_confidence: Rate = Field(
        default=0.0, description="Only entries at least this sure of themselves, 0 to 1."
    )
    tiers: tuple[str, ...] = Field(default=(), description="Only entries of these verification tiers.")
    labels: Labels = Field(default_factory=dict, description="Only incidents with all these labels.")
    language: Language | None = Field(
        default=None, description="`en` or `zh`, where other than the global one."
    )
    budget: Count | None = Field(default=None, description=_BUDGET)
    crowd: Count | None = Field(default=CROWD_JOBS, description=_CROWD)
    mute_time_intervals: tuple[str, ...] = Field(
        default=(), description="Names from `time_intervals`: nothing is sent then."
    )
    active_time_intervals: tuple[str, ...] = Field(
        default=(), description="Names from `time_intervals`: something is sent then only."
    )


class Slack(Destination):
    """A Slack incoming webhook, or a proxy that takes the same messages."""

    credentials: ClassVar[Mapping[str, bool]] = {"webhook_url": True}

    type: Literal["slack"] = Field(description="`slack`.")
    budget: Count | None = Field(default=CHAT_BUDGET, description=_BUDGET)
    webhook_url: SlackUrl | None = Field(
        default=None, description="The address that Slack gave out. Who knows it can post: prefer the file."
    )
    webhook_url_file: str | None = Field(default=None, description="The file that holds the address.")


class SlackBot(Destination):
    """A Slack channel in which a bot keeps one message per incident up to date."""

    credentials: ClassVar[Mapping[str, bool]] = {"token": True}

    type: Literal["slack_bot"] = Field(description="`slack_bot`.")
    budget: Count | None = Field(default=CHAT_BUDGET, description=_BUDGET)
    channel: str = Field(
        min_length=1, description="The channel's id, as `C024BE91L`; the bot has to be a member."
    )
    token: SecretStr | None = Field(
        default=None, description="The bot's token, `xoxb-…`, with the scope `chat:write`: prefer the file."
    )
    token_file: str | None = Field(default=None, description="The file that holds the token.")
    api: Url = Field(default="https://slack.com/api", description="Slack's Web API, or a proxy for it.")


class PagerDuty(Destination):
    """A service in PagerDuty, Events API v2."""

    credentials: ClassVar[Mapping[str, bool]] = {"routing_key": True}

    type: Literal["pagerduty"] = Field(description="`pagerduty`.")
    routing_key: SecretStr | None = Field(
        default=None, description="The integration key of the service: prefer the file."
    )
    routing_key_file: str | None = Field(default=None, description="The file that holds the key.")
    url: Url = Field(
        default="https://events.pagerduty.com/v2/enqueue",
        description="Where events go; another one for the service region EU, or a proxy.",
    )


class Webhook(Destination):
    """Any HTTP endpoint; messages are signed as Standard Webhooks has it."""

    credentials: ClassVar[Mapping[str, bool]] = {"url": True, "secret": False}

    type: Literal["webhook"] = Field(description="`webhook`.")
    url: SecretUrl | None = Field(default=None, description="Where to POST to.")
    url_file: str | None = Field(default=None, description="The file that holds the address.")
    format: Literal["standard", "cloudevents", "alertmanager"] = Field(
        default="standard",
        description="The body: `standard` (Standard Webhooks), `cloudevents` (1.0), or `alertmanager` "
        "(what Alertmanager sends to its webhooks, version 4).",
    )
    secret: SigningSecrets = Field(
        default=(),
        description="Signs messages: `whsec_` and base64, or any other text. While one replaces another, "
        "a list of both.",
    )
    secret_file: FileNames = Field(
        default=(), description="The file that holds the secret, or a list of files."
    )


class Alertmanager(Destination):
    """Prometheus Alertmanager, API v2."""

    type: Literal["alertmanager"] = Field(description="`alertmanager`.")
    # It groups by itself, and better.
    crowd: Count | None = Field(default=None, description=_CROWD)
    urls: tuple[Url, ...] = Field(
        min_length=1, description="Every instance of the cluster, as `http://alertmanager-0:9093`."
    )


class Apprise(Destination):
    """What the library Apprise knows: Teams, Feishu, DingTalk, e-mail and a hundred more."""

    credentials: ClassVar[Mapping[str, bool]] = {"urls": True}

    type: Literal["apprise"] = Field(
        description="`apprise`. Needs the library: `pip install 'logwatch[apprise]'`."
    )
    urls: SecretTexts = Field(
        default=(),
        description="Addresses as Apprise has them, as `mailtos://…`. They hold passwords: prefer the file.",
    )
    urls_file: FileNames = Field(
        default=(), description="The file that holds an address, or a list of files."
    )


class Terminal(Destination):
    """Standard output, for a person who watches."""

    type: Literal["terminal"] = Field(description="`terminal`.")


class Times(_Section):
    """A span of every day."""

    start_time: ClockTime = Field(description="As `'09:00'`.")
    end_time: ClockTime = Field(description="As `'17:30'`, not part of the span; `'24:00'` is midnight.")

    @model_validator(mode="after")
    def _goes_forward(self) -> "Times":
        try:
            time_range(self.start_time, self.end_time)
        except ValueError as error:
            what, _, remedy = str(error).partition(": ")
            raise mistake(what, remedy) from None
        return self


class TimeInterval(_Section):
    """All fields must hold, of each any of its ranges. What is left out always holds."""

    times: tuple[Times, ...] = Field(default=(), description="Spans of the day.")
    weekdays: tuple[WeekdayRange, ...] = Field(
        default=(), description="As `monday:friday`; the week begins on Sunday."
    )
    days_of_month: tuple[DayRange, ...] = Field(
        default=(), description="As `'1:5'` or `'-3:-1'`, the last three."
    )
    months: tuple[MonthRange, ...] = Field(default=(), description="As `may:august` or `'5:8'`.")
    years: tuple[YearRange, ...] = Field(default=(), description="As `'2026:2028'`.")
    location: Location = Field(
        default="UTC", description="The time zone, as `Europe/Berlin`; `Local` for that of the machine."
    )


class NamedIntervals(_Section):
    """Times for `mute_time_intervals` and `active_time_intervals`, in Alertmanager's grammar."""

    name: str = Field(min_length=1, description="Receivers name it.")
    time_intervals: tuple[TimeInterval, ...] = Field(
        min_length=1, description="It is any of these times; their keys are in the next table."
    )


class Limits(_Section):
    """What keeps memory, descriptors and time bounded."""

    max_record_bytes: Annotated[ByteSize, Field(ge=1 * KIB, le=64 * MIB)] = Field(
        default=ByteSize(256 * KIB),
        description="A longer line is scanned in part; what is left out is counted as skipped.",
    )
    max_open_files: Annotated[int, Field(ge=1)] = Field(
        default=4096,
        description="Files held open at once; the others are opened when they grow. Half of what the hard limit of "
        "descriptors allows, if that is less.",
    )
    batch_bytes: Annotated[ByteSize, Field(ge=64 * KIB, le=1024 * MIB)] = Field(
        default=ByteSize(4 * MIB),
        validate_default=True,
        description="Read before what was read is scanned; at least `max_record_bytes`.",
    )
    sweep_s: Annotated[float, Field(ge=0.01, le=3600)] = Field(
        default=0.25,
        description="Seconds between two looks for files. Where the kernel tells of folders each is asked a tenth as "
        "often. A file that changes is looked at ten times a second, of many four times; an idle one every 5 s (of "
        "more than 5,000 up to every 30 s), with `watch: sweep` every 1.5 s.",
    )
    pattern_timeout_s: Annotated[float, Field(ge=0.001, le=60)] = Field(
        default=0.25, description="Seconds that one pattern may spend on one line."
    )
    quiet_after_s: Annotated[float, Field(ge=1)] = Field(
        default=2400,
        description="Seconds without a new event after which an incident is over; longer than collectives wait.",
    )

    @field_validator("batch_bytes", mode="after")
    @classmethod
    def _holds_a_record(cls, value: ByteSize, info: ValidationInfo) -> ByteSize:
        record = info.data.get("max_record_bytes", 0)
        if value < record:
            raise mistake(f"of {value:d} is less than max_record_bytes", f"write {record:d} or more")
        return value


class Hold(_Section):
    """How long an incident waits for its cause before it is told, by what it seems to be."""

    cause_s: Seconds = Field(
        default=1, description="Seconds, for what nothing known brings about: hardware, a program's error."
    )
    effect_s: Seconds = Field(
        default=2, description="For what may follow from something that another file says a moment later."
    )
    transport_s: Seconds = Field(default=10, description="For connections that broke; why stands elsewhere.")
    timeout_s: Seconds = Field(default=30, description="For timeouts of collectives; why stands elsewhere.")
    launcher_s: Seconds = Field(default=15, description="For what launchers sum up after something failed.")


class Log(_Section):
    """What logwatch says of itself, on standard error."""

    format: Literal["console", "json", "auto"] = Field(
        default="auto", description="`console`, `json`, or `auto`: console on a terminal, else JSON."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="`debug`, `info`, `warning`, `error`."
    )


class Config(_Section):
    """The whole file."""

    state_dir: LocalPath = Field(
        default=Path("/var/lib/logwatch"),
        description="Positions, incidents and unsent messages; on a local disk, one daemon each.",
    )
    host: LabelValue | None = Field(
        default=None, description="This machine's name in events; else its host name."
    )
    language: Language = Field(default="en", description="Of messages: `en` or `zh`.")
    labels: Labels = Field(
        default_factory=dict,
        description="Labels of everything; those of a source or a path win. One by one from the environment, "
        "as `LOGWATCH__LABELS__POD`.",
    )
    reload: Literal["signal", "auto"] = Field(
        default="signal",
        description="When this file and the folders of the catalogue are read anew: `signal`, on HUP; "
        "`auto`, also within 20 seconds of a change, as for a ConfigMap.",
    )
    watch: Literal["events", "sweep"] = Field(
        default="events",
        description="`events`: the kernel's file events beside the sweep, quicker, and instead of most of it for "
        "folders on local file systems; `sweep`: the sweep alone, where watches are scarce or silent.",
    )
    shadow: tuple[str, ...] = Field(
        default=(), description="Ids of errors, or patterns of them, that are counted and never told of."
    )
    catalogue: CatalogueFolders = CatalogueFolders()
    sources: tuple[AnySource, ...] = ()
    events: EventFile = EventFile()
    http: Http = Http()
    notify: tuple[
        Annotated[
            Slack | SlackBot | PagerDuty | Webhook | Alertmanager | Apprise | Terminal,
            Field(discriminator="type"),
        ],
        ...,
    ] = ()
    time_intervals: tuple[NamedIntervals, ...] = ()
    hold: Hold = Hold()
    limits: Limits = Limits()
    log: Log = Log()


RECEIVERS: Mapping[str, type[Destination]] = {
    "slack": Slack,
    "slack_bot": SlackBot,
    "pagerduty": PagerDuty,
    "webhook": Webhook,
    "alertmanager": Alertmanager,
    "apprise": Apprise,
    "terminal": Terminal,
}
SOURCES: Mapping[str, type[Source]] = {
    "files": Files,
    "journald": Journald,
    "kmsg": Kmsg,
    "fifo": Fifo,
    "stdin": Stdin,
}
# Where each section's keys stand, list positions left out.
SECTIONS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Config,
    ("catalogue",): CatalogueFolders,
    **{("sources", name): source for name, source in SOURCES.items()},
    ("events",): EventFile,
    ("http",): Http,
    **{("notify", name): receiver for name, receiver in RECEIVERS.items()},
    ("time_intervals",): NamedIntervals,
    ("time_intervals", "time_intervals"): TimeInterval,
    ("time_intervals", "time_intervals", "times"): Times,
    ("hold",): Hold,
    ("limits",): Limits,
    ("log",): Log,
}
