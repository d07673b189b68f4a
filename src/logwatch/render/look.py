"""How things are shown on a terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Language

Paint = Callable[[str, str], str]

# SGR parameters of ECMA-48.
BOLD, DIM = "1", "2"
COLOURS = {"critical": "1;31", "error": "31", "warning": "33", "info": "36"}


def coloured(sgr: str, text: str) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m"


def plain(_sgr: str, text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How to show things: columns, language, the zone for times, and colours or none."""

    width: int = 100
    language: "Language" = "en"
    zone: tzinfo = UTC
    paint: Paint = plain
