"""What the operator wrote: strict, immutable, and with every mistake at its line.

Only the composition root and the command line look in here; the parts receive plain values.
"""

from logwatch.config.doubts import doubts
from logwatch.config.load import DEFAULT_PATH, Examined, examine, load, parse
from logwatch.config.model import (
    Alertmanager,
    CatalogueFolders,
    Config,
    Destination,
    EventFile,
    Http,
    Limits,
    Log,
    PagerDuty,
    Slack,
    SlackBot,
    Source,
    Terminal,
    Webhook,
)

__all__ = [
    "DEFAULT_PATH",
    "Alertmanager",
    "CatalogueFolders",
    "Config",
    "Destination",
    "EventFile",
    "Examined",
    "Http",
    "Limits",
    "Log",
    "PagerDuty",
    "Slack",
    "SlackBot",
    "Source",
    "Terminal",
    "Webhook",
    "doubts",
    "examine",
    "load",
    "parse",
]
