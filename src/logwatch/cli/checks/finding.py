"""One line of the ticked list."""

from dataclasses import dataclass
from enum import StrEnum

from logwatch.errors import Problem


class Mark(StrEnum):
    OK = "✓"
    WARNING = "!"
    TROUBLE = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about `subject`; `remedy` says what to do about it, as a full clause."""

    mark: Mark
    subject: str
    text: str
    remedy: str = ""


def of_problem(problem: Problem, subject: str, mark: Mark = Mark.TROUBLE) -> Finding:
    return Finding(mark, subject, f"{problem.where}: {problem.what}", problem.remedy)


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 file`, `1,204 files`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
