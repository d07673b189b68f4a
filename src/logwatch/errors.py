"""What can go wrong, by whose hand the remedy is.

LogwatchError
├── InputError        a person wrote something that cannot be used; carries every mistake at once
│   ├── ConfigError       the configuration file
│   └── CatalogueError    entries of the catalogue
├── StateError        the state directory cannot be used
├── ListenError       the address for HTTP cannot be had
└── DeliveryError     a receiver did not take a message
"""

from collections.abc import Sequence
from dataclasses import dataclass


class LogwatchError(Exception):
    """Base of all errors that are told to a person without a traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in something a person wrote.

    `where` is `path` or `path:line`; `remedy` says what to write instead, as a full clause.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    → {self.remedy}" if self.remedy else "")


class InputError(LogwatchError):
    """What was written cannot be used. All mistakes are reported together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ConfigError(InputError):
    """The configuration file has mistakes."""


class CatalogueError(InputError):
    """Entries of the catalogue have mistakes."""


class StateError(LogwatchError):
    """The state directory cannot be used: read-only, held by another daemon, written by a newer version."""


class ListenError(LogwatchError):
    """The address to listen on cannot be had: taken, forbidden, not of this host."""


class DeliveryError(LogwatchError):
    """A receiver did not take a message.

    `outcome` is the value of the label in `logwatch_notifications_total`. `retry_after_s` is what the
    receiver asked for, in seconds. `disable` means that it never wants to hear from us again (410).
    """

    def __init__(
        self,
        message: str,
        *,
        outcome: str,
        retryable: bool,
        retry_after_s: float | None = None,
        disable: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.disable = disable
