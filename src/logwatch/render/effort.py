"""What it took to look for errors, in words. Where none was found that is all, so it imports little."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Language


@dataclass(frozen=True, slots=True)
class Effort:
    """What was looked at: lines (None: not counted), files, bytes, seconds; `known`: how many errors."""

    lines: int | None
    files: int
    size: int
    seconds: float
    known: int


@dataclass(frozen=True, slots=True)
class _Words:
    nothing: str
    line: str
    lines: str
    in_files: str
    looked_for: str


_WORDS: "Mapping[Language, _Words]" = {
    "en": _Words(
        nothing="No known error in {lines}{files} ({effort}).",
        line="1 line",
        lines="{count} lines",
        in_files=" of {count} files",
        looked_for="{count} errors were looked for.",
    ),
    "zh": _Words(
        nothing="{lines}日志{files}中没有已知错误（{effort}）。",
        line="1 行",
        lines="{count} 行",
        in_files="（{count} 个文件）",
        looked_for="共查找 {count} 种错误。",
    ),
}


def nothing_found(effort: Effort, language: "Language") -> str:
    """What is said where no error was found."""
    words = _WORDS[language]
    looked_for = words.looked_for.format(count=f"{effort.known:,}")
    return words.nothing.format(**effort_words(effort, language)) + " " + looked_for


def effort_words(effort: Effort, language: "Language") -> Mapping[str, str]:
    """`lines`, of how many `files`, and the `effort`."""
    words = _WORDS[language]
    if effort.lines is None:
        lines = _size(effort.size)
    else:
        lines = words.line if effort.lines == 1 else words.lines.format(count=f"{effort.lines:,}")
    files = words.in_files.format(count=f"{effort.files:,}") if effort.files != 1 else ""
    return {"lines": lines, "files": files, "effort": _effort(effort)}


def _size(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def _effort(effort: Effort) -> str:
    if effort.seconds < 1 and effort.size < 1e6:
        return f"{effort.seconds * 1000:.0f} ms"
    return f"{effort.seconds:.1f} s, {effort.size / 1e6 / effort.seconds:,.0f} MB/s"
