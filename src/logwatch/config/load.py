"""A configuration file becomes a `Config`, or a list of everything that is wrong with it.

The environment and the reading of files are arguments: nothing here looks at the process it runs in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from logwatch.config.credentials import ReadText, credentials_folder, fill_in
from logwatch.config.document import Document, Place, read_document
from logwatch.config.explain import explain
from logwatch.config.interpolate import interpolate
from logwatch.config.model import Config
from logwatch.config.overrides import override
from logwatch.errors import ConfigError, Problem

DEFAULT_PATH = Path("/etc/logwatch/logwatch.yaml")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file."""
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that was looked at in full, whatever is wrong with it.

    `config` is what is left without the mistakes: broken sources and receivers are not in it, and of the
    sections named in `broken` it has the defaults. None where nothing is left.
    """

    config: Config | None
    problems: tuple[Problem, ...]
    broken: frozenset[str] = frozenset()


def load(path: Path, env: Mapping[str, str], read: ReadText = read_text) -> Config:
    """The configuration in the file at `path`.

    Raises:
        ConfigError: with every mistake in it, and in the files and variables that it draws on.
    """
    return _without_mistakes(examine(path, env, read))


def parse(text: str, path: Path, env: Mapping[str, str], read: ReadText = read_text) -> Config:
    """The configuration in `text`; `path` is where it stands, and its folder where relative paths start.

    Raises:
        ConfigError: as for `load`.
    """
    return _without_mistakes(examine_text(text, path, env, read))


def examine(path: Path, env: Mapping[str, str], read: ReadText = read_text) -> Examined:
    """Looks at the file at `path`; raises nothing."""
    try:
        text = read(path)
    except OSError as error:
        remedy = "name the file with -c" if isinstance(error, FileNotFoundError) else "make it readable"
        return Examined(None, (Problem(str(path), f"cannot be read: {error.strerror or error}", remedy),))
    except UnicodeDecodeError:
        return Examined(None, (Problem(str(path), "is not UTF-8 text", "save it as UTF-8"),))
    return examine_text(text, path, env, read)


def examine_text(text: str, path: Path, env: Mapping[str, str], read: ReadText = read_text) -> Examined:
    """Looks at `text`; raises nothing."""
    document = read_document(text, str(path), lambda scalar: interpolate(scalar, env))
    if not isinstance(document.value, dict):
        if not document.found:
            document.complain(
                (), "is not a section with keys", "write keys as `state_dir: /var/lib/logwatch`"
            )
        return Examined(None, document.problems)
    folder = path.absolute().parent
    override(document, env)
    fill_in(document, credentials_folder(env, folder), read)
    for section in ("sources", "notify", "time_intervals"):
        _refuse_same_names(document, section)
    _refuse_unknown_intervals(document)
    _refuse_second_stdin(document)
    config = _validated(document, folder)
    if not document.found:
        return Examined(config, ())
    problems = document.problems
    broken = _take_out(document)
    return Examined(_validated(document, folder), problems, broken)


def _without_mistakes(examined: Examined) -> Config:
    if examined.config is None or examined.problems:
        raise ConfigError(examined.problems)
    return examined.config


def _validated(document: Document, folder: Path) -> Config | None:
    try:
        return Config.model_validate(document.value, context={"folder": folder})
    except ValidationError as error:
        explain(error, document)
        return None


def _refuse_same_names(document: Document, section: str) -> None:
    items = document.value.get(section)
    first: dict[str, Place] = {}
    for i, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        place: Place = (section, i, "name")
        if name in first:
            document.complain(
                place,
                f"the name {name!r} is taken by {document.spot(first[name]).text}",
                "give each a name of its own",
            )
        first.setdefault(name, place)


def _refuse_unknown_intervals(document: Document) -> None:
    """Receivers name time intervals; each must be there."""
    known = [item.get("name") for item in _sections_of(document, "time_intervals")]
    for i, receiver in enumerate(_sections_of(document, "notify")):
        for key in ("mute_time_intervals", "active_time_intervals"):
            names = receiver.get(key)
            for j, name in enumerate(names if isinstance(names, list) else ()):
                if name not in known:
                    there = ", ".join(map(str, known)) or "none yet"
                    what = f"there is no time interval {name!r}"
                    document.complain(("notify", i, key, j), what, f"`time_intervals` has: {there}")


def _refuse_second_stdin(document: Document) -> None:
    """What one source has read of it, another will not see."""
    types = [source.get("type") for source in _sections_of(document, "sources")]
    for i in [i for i, told in enumerate(types) if told == "stdin"][1:]:
        what = "standard input is read by another source"
        document.complain(("sources", i, "type"), what, "keep one of them")


def _sections_of(document: Document, section: str) -> list[dict[str, Any]]:
    """The items of a list of sections; what is none counts as an empty one."""
    items = document.value.get(section)
    return [item if isinstance(item, dict) else {} for item in (items if isinstance(items, list) else ())]


def _take_out(document: Document) -> frozenset[str]:
    """Removes what has mistakes: single items of lists, else whole sections, whose names are returned."""
    items: set[tuple[str, int]] = set()
    broken: set[str] = set()
    for place, _, _ in document.found:
        match place:
            case (str() as section, int() as i, *_) if isinstance(document.value.get(section), list):
                items.add((section, i))
            case (str() as section, *_):
                broken.add(section)
            case _:
                pass
    for section in broken:
        document.value.pop(section, None)
    for section in {section for section, _ in items} - broken:
        kept: list[Any] = document.value[section]
        document.value[section] = [item for i, item in enumerate(kept) if (section, i) not in items]
    return frozenset(broken)
