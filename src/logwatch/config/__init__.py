"""What the operator wrote: strict, immutable, and with every mistake at its line.

Only the composition root and the command line look in here; the parts receive plain values.
"""

from logwatch.config.doubts import doubts
from logwatch.config.load import DEFAULT_PATH, Examined, examine, load, parse, read_text
from logwatch.config.model import (
    Alertmanager,
    Apprise,
    CatalogueFolders,
    Config,
    Destination,
    EventFile,
    Fifo,
    Files,
    Http,
    Journald,
    Kmsg,
    Limits,
    Log,
    PagerDuty,
    Slack,
    SlackBot,
    Source,
    Stdin,
    Terminal,
    TimeInterval,
    Webhook,
)

__all__ = [
    "DEFAULT_PATH",
    "Alertmanager",
    "Apprise",
    "CatalogueFolders",
    "Config",
    "Destination",
    "EventFile",
    "Examined",
    "Fifo",
    "Files",
    "Http",
    "Journald",
    "Kmsg",
    "Limits",
    "Log",
    "PagerDuty",
    "Slack",
    "SlackBot",
    "Source",
    "Stdin",
    "Terminal",
    "TimeInterval",
    "Webhook",
    "doubts",
    "examine",
    "load",
    "parse",
    "read_text",
]
