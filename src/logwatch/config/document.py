"""YAML as plain values, with the line on which each was written.

Every scalar stays text: the key it stands under decides what it means. So `labels: {zone: no}` is the text
"no", and `max_open_files: "512"` is a number. Only `null` is null, and a key with nothing after it counts
as not written.
"""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import yaml

from logwatch.errors import Problem

Place = tuple[str | int, ...]
Expand = Callable[[str], str]
_T = TypeVar("_T")

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
_PLAIN_TAGS = "tag:yaml.org,2002:"
# What the parser says, and what a person most likely did.
_SYNTAX_REMEDIES = (
    ("while scanning an alias", 'put a value that begins with * or & in quotes: "**/*.log"'),
    ("found undefined alias", 'put a value that begins with * in quotes: "*.log"'),
    ("cannot start any token", "indent with spaces, and put values that begin with @, % or ` in quotes"),
    ("mapping values are not allowed", "put a value that holds a colon and a blank in quotes"),
    ("could not find expected ':'", "write a colon and a blank after each key"),
    ("found unexpected end of stream", "close the quote"),
    ("expected <block end>", "begin what belongs together in the same column"),
    ("while parsing a flow", "close what was opened with [ or {, and put commas between"),
    ("expected a single document", "keep one document; take out the line ---"),
)


class Spot(NamedTuple):
    """Where something was written: a line of the file, or, after all lines, a variable of the environment."""

    line: int
    text: str


class UnusableError(ValueError):
    """A scalar cannot be expanded; `remedy` says what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(slots=True)
class Document:
    """What was written, where, and what is wrong with it so far."""

    file: str
    value: Any = field(default_factory=dict)
    spots: dict[Place, Spot] = field(default_factory=dict)
    found: list[tuple[Place, Spot, Problem]] = field(default_factory=list)

    def spot(self, place: Place) -> Spot:
        """Where `place` was written, or the nearest thing around it."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.spots:
                return self.spots[place[:length]]
        return Spot(0, self.file)

    def complain(self, place: Place, what: str, remedy: str = "") -> None:
        spot = self.spot(place)
        bisect.insort(
            self.found, (place, spot, Problem(spot.text, what, remedy)), key=lambda mistake: mistake[1]
        )

    def has_mistake_at(self, place: Place) -> bool:
        """Whether `place` itself was already complained about."""
        return any(place == other for other, _, _ in self.found)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All complaints, in the order of the file."""
        return tuple(problem for _, _, problem in self.found)


def compose(text: str) -> yaml.Node | None:
    """The node tree; None for empty text.

    Raises:
        yaml.YAMLError: when it is not YAML.
    """
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return node


def read_document(text: str, file: str, expand: Expand) -> Document:
    """The document in `text`, its scalars expanded; its value is None when it is not YAML."""
    document = Document(file)
    try:
        root = compose(text)
    except yaml.YAMLError as error:
        line, what, remedy = syntax_mistake(error)
        document.spots[()] = Spot(line, f"{file}:{line}")
        document.complain((), what, remedy)
        document.value = None
        return document
    if root is not None:
        value = graft(document, root, (), lambda node: Spot(_line(node), f"{file}:{_line(node)}"), expand)
        document.value = {} if value is None else value
    return document


def graft(
    document: Document, node: yaml.Node, place: Place, spot_of: Callable[[yaml.Node], Spot], expand: Expand
) -> Any:
    """The value of `node`, its spots and mistakes noted in `document` at and below `place`."""
    return _Walk(document, spot_of, expand).value(node, place)


def syntax_mistake(error: yaml.YAMLError) -> tuple[int, str, str]:
    """The line, what is wrong and what to do about it."""
    context = getattr(error, "context", None) or ""
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    what = f"is not YAML: {context + ', ' if context else ''}{problem}"
    remedy = next((remedy for sign, remedy in _SYNTAX_REMEDIES if sign in what), "")
    # An open quote is found out at the end of the file; where it was opened says more.
    marks = [getattr(error, name, None) for name in ("context_mark", "problem_mark")]
    known = [mark for mark in (marks if "end of stream" in what else reversed(marks)) if mark is not None]
    return known[0].line + 1 if known else 1, what, remedy


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


@dataclass(slots=True)
class _Walk:
    document: Document
    spot_of: Callable[[yaml.Node], Spot]
    expand: Expand
    above: list[yaml.Node] = field(default_factory=list)

    def value(self, node: yaml.Node, place: Place, key: yaml.Node | None = None) -> Any:
        self.document.spots[place] = self.spot_of(key or node)
        if node in self.above:
            self.document.complain(place, "refers to itself", "write the value out")
            return None
        if not node.tag.startswith(_PLAIN_TAGS):
            self.document.complain(place, f"the tag {node.tag} has no meaning here", "take it out")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return self._below(node, lambda: [self.value(n, (*place, i)) for i, n in enumerate(node.value)])
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
            elif not isinstance(key, yaml.ScalarNode):
                what = "a list or section stands where a key belongs"
                self._complain_at(key, (*place, "?"), what, "write a name before the colon")
            elif key.value in own:
                first = self.spot_of(own[key.value][0]).line
                what = f"`{key.value}` stands here a second time; the first is on line {first}"
                self._complain_at(key, (*place, key.value, "again"), what, "keep one of them")
            else:
                own[key.value] = key, value

        def keys() -> dict[str, Any]:
            result: dict[str, Any] = {}
            for section in reversed(merged):
                result |= self._merged(section, place)
            for name, (key, value) in own.items():
                if not _is_unwritten(value):
                    result[name] = self.value(value, (*place, name), key)
            return result

        return self._below(node, keys)

    def _below(self, node: yaml.Node, walk: Callable[[], _T]) -> _T:
        self.above.append(node)
        try:
            return walk()
        finally:
            self.above.pop()

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        if isinstance(node, yaml.MappingNode) and node not in self.above:
            return self._mapping(node, place)
        what = "`<<` takes the alias of another section"
        self._complain_at(node, (*place, "<<"), what, "write <<: *name, where &name marks a section")
        return {}

    def _complain_at(self, node: yaml.Node, place: Place, what: str, remedy: str) -> None:
        self.document.spots[place] = self.spot_of(node)
        self.document.complain(place, what, remedy)

    def _scalar(self, node: yaml.Node, place: Place) -> str | None:
        if node.tag == _NULL:
            return None
        text = str(node.value)
        try:
            return self.expand(text)
        except UnusableError as error:
            self.document.complain(place, str(error), error.remedy)
            return text


def _is_unwritten(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL and not node.value
