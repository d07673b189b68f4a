"""Single values as an operator writes them, and what is said about one that cannot be used."""

import glob
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

from logwatch.deliver import time_intervals
from logwatch.deliver.signature import key_of
from logwatch.path_template import TemplateError, compile_template

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What events, counters and alerts call things of their own; a label of the same name would hide them.
RESERVED_LABELS = frozenset(
    {
        "alertname",
        "category",
        "decision",
        "domain",
        "error_id",
        "incident_id",
        "path",
        "severity",
        "source",
    }
)


def mistake(what: str, remedy: str) -> PydanticCustomError:
    """A mistake in one value: `what` follows the key's name, `remedy` is a full clause."""
    return PydanticCustomError("mistake", "{what}", {"what": what, "remedy": remedy})


def _slug(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise mistake(
            f"{value!r} is not a name",
            "write up to 63 lower-case letters, digits, dots, dashes and underscores, as in train-eu1",
        )
    return value


def _label_name(value: str) -> str:
    if value in RESERVED_LABELS:
        raise mistake(
            f"{value!r} is a label that logwatch gives itself", f"call it something else, say site_{value}"
        )
    if not _LABEL_NAME.fullmatch(value) or value.startswith("__"):
        raise mistake(
            f"{value!r} is not a label's name",
            "write letters, digits and underscores, no digit first and no two underscores",
        )
    return value


def _written_out(value: str) -> str:
    """Refuses what a shell would have made something of, and nobody else does."""
    if not value or "\0" in value:
        raise mistake("is not a path", "write a path, or leave the key out for the default")
    if value.startswith("~"):
        raise mistake(f"{value!r}: a tilde stands for nothing here", "write ${HOME} for the home directory")
    return value


def _folder(info: ValidationInfo) -> Path | None:
    """The folder that relative paths start from: that of the configuration file."""
    return info.context["folder"] if info.context else None


def _beside_the_file(value: Path, info: ValidationInfo) -> Path:
    folder = _folder(info)
    return value if folder is None else folder / value


def _text_path(value: Any) -> Any:
    return _written_out(value) if isinstance(value, str) else value


def _glob(value: str, info: ValidationInfo) -> str:
    _written_out(value)
    if re.search(r"(?<!\[)\{", value):
        raise mistake(
            f"{value!r}: braces mean nothing in a pattern of paths",
            "write * here and {name} under path_labels; write alternatives as two patterns, a brace as [{]",
        )
    folder = _folder(info)
    return value if folder is None else str(Path(glob.escape(str(folder))) / value)


def _template(value: str) -> str:
    try:
        names = compile_template(value).names
    except TemplateError as error:
        raise mistake(f"{value!r}: {error}", error.remedy) from error
    for name in names:
        _label_name(name)
    return value


def _url(value: str) -> str:
    """An http or https URL with a host. The value is not repeated in the mistake: it may be a secret."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise mistake("is not a URL: its host or port cannot be read", "check what follows //") from None
    if parts.scheme not in {"http", "https"}:
        raise mistake("is not an http URL", "begin it with https://")
    if not host or re.search(r"[\s\x00-\x1f\x7f]", value):
        raise mistake("is not a URL: it lacks a host or holds blanks", "write it as https://host/path")
    return value


def _secret_url(value: SecretStr) -> SecretStr:
    _url(value.get_secret_value())
    return value


SLACK_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})


def _slack_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(_url(value.get_secret_value()))
    if parts.hostname in SLACK_HOSTS and parts.scheme != "https":
        raise mistake("would send the secret in the clear", "begin it with https://")
    if parts.hostname in SLACK_HOSTS and not parts.path.strip("/"):
        raise mistake("is cut short", "copy the whole address, as https://hooks.slack.com/services/T…/B…/…")
    return value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str | SecretStr) else value


def _signing_secret(value: SecretStr) -> SecretStr:
    try:
        key_of(value.get_secret_value())
    except ValueError as error:
        raise mistake(
            f"cannot be used: {error}",
            'make one with: echo "whsec_$(openssl rand -base64 32)" and give it to the receiver, too',
        ) from None
    return value


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    plain = not re.search(r"[\s/]", host) and (":" not in host or re.fullmatch(r"\[[0-9A-Fa-f:.%]+\]", host))
    if not colon or not plain or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise mistake(
            f"{value!r} is not host:port",
            'write "127.0.0.1:9477", "[::1]:9477", or ":9477" for all addresses',
        )
    return value


def _unit(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9:_.\\@*?\[\]-]{1,255}", value) or value.startswith("-"):
        raise mistake(f"{value!r} is not the name of a unit", "write it as systemd does: slurmd.service")
    return value


def _printable(value: str) -> str:
    if not value or not value.isprintable():
        raise mistake(f"{value!r} is empty or holds control characters", "write one line of plain text")
    return value


def _unfolded(value: Any) -> Any:
    """YAML 1.1 takes `17:30` and `1:5` for numbers to the base of 60; they are turned back."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return f"{value // 60}:{value % 60}" if 60 <= value < 1970 else str(value)


def _clock(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value // 60:02}:{value % 60:02}"
    return value


def _as_grammar(parse: Callable[[str], object]) -> AfterValidator:
    """Accepts what `parse` does not raise a ValueError for."""

    def check(value: str) -> str:
        try:
            parse(value)
        except ValueError as error:
            what, _, remedy = str(error).partition(": ")
            raise mistake(what, remedy or "see docs/configuration.md for examples") from None
        return value

    return AfterValidator(check)


Name = Annotated[str, AfterValidator(_slug)]
LabelName = Annotated[str, AfterValidator(_label_name)]
LabelValue = Annotated[str, AfterValidator(_printable)]
Labels = Mapping[LabelName, LabelValue]
LocalPath = Annotated[Path, BeforeValidator(_text_path), AfterValidator(_beside_the_file)]
Glob = Annotated[str, AfterValidator(_glob)]
Exclude = Annotated[str, AfterValidator(_written_out)]
Template = Annotated[str, AfterValidator(_template)]
Unit = Annotated[str, AfterValidator(_unit)]
Url = Annotated[str, AfterValidator(_url)]
Listen = Annotated[str, AfterValidator(_listen)]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
SlackUrl = Annotated[SecretStr, AfterValidator(_slack_url)]
SigningSecrets = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_signing_secret)], ...], BeforeValidator(_one_or_many)
]
ClockTime = Annotated[str, BeforeValidator(_clock), _as_grammar(time_intervals.minutes)]
WeekdayRange = Annotated[str, _as_grammar(time_intervals.weekday_range)]
DayRange = Annotated[str, BeforeValidator(_unfolded), _as_grammar(time_intervals.day_range)]
MonthRange = Annotated[str, BeforeValidator(_unfolded), _as_grammar(time_intervals.month_range)]
YearRange = Annotated[str, BeforeValidator(_unfolded), _as_grammar(time_intervals.year_range)]
Location = Annotated[str, _as_grammar(time_intervals.zone_of)]
SecretTexts = Annotated[tuple[SecretStr, ...], BeforeValidator(_one_or_many)]
FileNames = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
