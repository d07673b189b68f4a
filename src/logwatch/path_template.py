"""Labels from paths: `/logs/{job}/rank{rank}.log` reads job and rank off `/logs/llama/rank3.log`. Pure.

A template is written by an operator, a path by whoever runs a job: matching takes linear time whatever
the path, and what is read off it holds printable characters only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN_PART = re.compile(r"\{([^{}]*)\}|\*")
_ANY_DEPTH = "**"


class TemplateError(ValueError):
    """A template cannot be understood; `remedy` says what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class _Segment:
    """One part between slashes: `literals[0] open[0] literals[1] open[1] … literals[-1]`.

    An open part is the name it is read into, or None for `*`, which may be empty.
    """

    literals: tuple[str, ...]
    open: tuple[str | None, ...]

    def match(self, text: str) -> dict[str, str] | None:
        """What the open parts hold; an earlier one takes as much as it can.

        Placing every literal as far right as it goes, from the last to the first, gives just that
        without ever going back.
        """
        head, *inner = self.literals
        if not self.open:
            return {} if text == head else None
        tail = inner.pop()
        end = len(text) - len(tail)
        if end < len(head) or not text.startswith(head) or not text.endswith(tail):
            return None
        found: dict[str, str] = {}
        for name, before in zip(reversed(self.open), [*reversed(inner), None], strict=True):
            latest = end - (name is not None)
            if before is None:
                at = start = len(head)
            else:
                at = text.rfind(before, len(head), max(latest, 0))
                start = at + len(before)
            if at < 0 or start > latest:
                return None
            if name is not None:
                found[name] = text[start:end]
            end = at
        return found


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A compiled template. `names` are the labels it gives, in order."""

    text: str
    names: tuple[str, ...]
    # What stands between one `**` and the next; the first stands at the path's start, the last at its end.
    runs: tuple[tuple[_Segment, ...], ...]

    def match(self, path: str) -> dict[str, str] | None:
        """The labels that `path` gives, or None where it does not fit.

        `**` takes as few directories as it can: the outermost directory that fits names the job, so that a
        job cannot pass for another by what it creates below its own directory.
        """
        parts = path.split("/")
        first, *others = self.runs
        if not others:
            found = _fit(first, parts, 0) if len(first) == len(parts) else None
        else:
            found = _fit_apart(first, others[:-1], others[-1], parts)
        return found and {name: _printable(found[name]) for name in self.names}


def compile_template(text: str) -> PathTemplate:
    """Reads a template.

    `{name}` stands for a non-empty text within one part of the path, `*` for any text within one part,
    `**` for any number of directories (at the end: for everything below). A template that does not begin
    with a slash fits at any depth.

    Raises:
        TemplateError: when it is malformed.
    """
    if not text.strip():
        raise TemplateError("the template is empty", "write one like /logs/{job}/rank{rank}.log")
    parts = text.split("/")
    if text.endswith("/"):
        raise TemplateError("the template ends with a slash", f"for all files below, write {text}**")
    if "" in parts[1:]:
        raise TemplateError("the template has an empty part between two slashes", "write one slash")
    if parts[0] != "":
        parts.insert(0, _ANY_DEPTH)
    runs: list[list[_Segment]] = [[]]
    for here, before in zip(parts, ["", *parts], strict=False):
        if here != _ANY_DEPTH:
            runs[-1].append(_segment(here))
        elif before != _ANY_DEPTH:
            runs.append([])
    names = [name for run in runs for segment in run for name in segment.open if name is not None]
    _refuse_unusable(names)
    return PathTemplate(text, tuple(names), tuple(map(tuple, runs)))


def labels_for(templates: Iterable[PathTemplate], path: str) -> Mapping[str, str]:
    """The labels of the first of `templates` that fits `path`; none where none fits."""
    return next((found for template in templates if (found := template.match(path)) is not None), {})


def _segment(text: str) -> _Segment:
    if _ANY_DEPTH in text:
        raise TemplateError(f"`**` stands inside {text!r}", "write ** between two slashes, * within a part")
    literals: list[str] = []
    names: list[str | None] = []
    at = 0
    for part in _OPEN_PART.finditer(text):
        name = part[1]
        if name is not None and not _NAME.fullmatch(name):
            raise TemplateError(
                f"`{part[0]}` does not hold a label's name", "use letters, digits and _, as in {job}"
            )
        if name is not None and names and names[-1] is not None and part.start() == at:
            raise TemplateError(
                f"nothing stands between {{{names[-1]}}} and {part[0]}, so nobody knows where one ends",
                f"write what separates them, as in {{{names[-1]}}}-{part[0]}",
            )
        literals.append(text[at : part.start()])
        names.append(name)
        at = part.end()
    literals.append(text[at:])
    if any(brace in literal for literal in literals for brace in "{}"):
        raise TemplateError(f"a brace in {text!r} has no partner", "write names as {job}")
    return _Segment(tuple(literals), tuple(names))


def _refuse_unusable(names: Sequence[str]) -> None:
    if not names:
        raise TemplateError("the template names no label", "write {job} where the job's name stands")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TemplateError(f"{{{twice}}} stands there twice", "write * for one of them")


def _fit(run: Sequence[_Segment], parts: Sequence[str], at: int) -> dict[str, str] | None:
    """`run` against the parts from `at` on; there are enough of them."""
    found: dict[str, str] = {}
    for segment, part in zip(run, parts[at : at + len(run)], strict=True):
        here = segment.match(part)
        if here is None:
            return None
        found |= here
    return found


def _fit_apart(
    first: Sequence[_Segment],
    middle: Sequence[Sequence[_Segment]],
    last: Sequence[_Segment],
    parts: Sequence[str],
) -> dict[str, str] | None:
    """The runs in order, any number of parts between them; a `**` at the end takes at least one part."""
    last_at = len(parts) - max(len(last), 1)
    if last_at < len(first):
        return None
    found = _fit(first, parts, 0)
    at = len(first)
    for run in middle:
        if found is None:
            return None
        places = range(at, last_at - len(run) + 1)
        fit = next(((i, here) for i in places if (here := _fit(run, parts, i)) is not None), None)
        if fit is None:
            return None
        at = fit[0] + len(run)
        found |= fit[1]
    end = _fit(last, parts, last_at) if last else {}
    return None if found is None or end is None else found | end


def _printable(text: str) -> str:
    """`text` without control characters and undecodable bytes, which have no business in a label."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
