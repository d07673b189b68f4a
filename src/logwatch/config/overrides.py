"""`LOGWATCH__SECTION__KEY=value` in the environment overrides what the file says."""

from collections.abc import Mapping
from typing import Any

import yaml

from logwatch.config.document import Document, Place, Spot, compose, graft, syntax_mistake

PREFIX = "LOGWATCH__"
# After the last line of any file.
_AFTER_THE_FILE = 2**31


def override(document: Document, env: Mapping[str, str]) -> None:
    """Puts the values of the `LOGWATCH__` variables into `document`; each is read as YAML.

    An empty variable counts as not set. Text is taken as it is: the shell has expanded it already.
    """
    for name in sorted(env):
        if name.startswith(PREFIX) and env[name].strip():
            _override_one(document, name, env[name])


def _override_one(document: Document, name: str, text: str) -> None:
    place: Place = tuple(name.removeprefix(PREFIX).lower().split("__"))
    spot = Spot(_AFTER_THE_FILE, name)
    try:
        node = compose(text)
    except yaml.YAMLError as error:
        _, what, remedy = syntax_mistake(error)
        _complain(document, place, spot, what, remedy or "write the value as it would stand in the file")
        return
    section = _section(document, place, spot)
    if node is None or section is None:
        return
    for known in [known for known in document.spots if known[: len(place)] == place]:
        del document.spots[known]
    document.found = [found for found in document.found if found[0][: len(place)] != place]
    section[str(place[-1])] = graft(document, node, place, lambda _: spot, lambda value: value)


def _section(document: Document, place: Place, spot: Spot) -> dict[str, Any] | None:
    """The section that holds the key at `place`, made where the file has none."""
    section: Any = document.value
    for depth in range(1, len(place)):
        below = section.get(place[depth - 1])
        if below is None:
            below = section[place[depth - 1]] = {}
            document.spots[place[:depth]] = spot
        if not isinstance(below, dict):
            whole = PREFIX + "__".join(map(str, place[:depth])).upper()
            spoken = ".".join(map(str, place[:depth]))
            _complain(
                document, place, spot, f"`{spoken}` has no keys of its own", f"give it whole, as {whole}=…"
            )
            return None
        section = below
    return section if isinstance(section, dict) else None


def _complain(document: Document, place: Place, spot: Spot, what: str, remedy: str) -> None:
    mistake = (*place, "variable")
    document.spots[mistake] = spot
    document.complain(mistake, what, remedy)
