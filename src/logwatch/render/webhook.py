"""An incident as the body of a webhook (Standard Webhooks: `type`, `timestamp`, `data`).

The specification (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md) asks for
bodies below 20 kB and for JSON without blanks: what is signed is what is sent.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from logwatch.incident.event import rfc3339, shortened
from logwatch.incident.incident import Notice
from logwatch.render.published import published, remarks

MAX_BYTES = 20_000
# Characters of a text and items of a list or of labels, tried in this order until the body is small enough.
# With the last pair it is, even at six bytes (`\u0000`) a character.
_LIMITS = ((4096, 64), (2048, 20), (1024, 10), (512, 10), (256, 5), (64, 4), (16, 4))
# Names are for comparing: a shortened one would be another. Real ones are far below this.
_NAMES = frozenset({"incident_id", "error_id", "next_hits", "catalogue_version"})
_NAME = 120


def body(notice: Notice) -> dict[str, Any]:
    """What to post, as JSON. `truncated` says that texts or lists were shortened to stay below 20 kB."""
    told = {**published(notice.incident), "what_changed": remarks(notice.what_changed)}
    whole = _body(notice, told, truncated=False)
    if len(encoded(whole)) < MAX_BYTES:
        return whole
    for characters, items in _LIMITS:
        data = {k: _shrunk(k, v, characters, items) for k, v in told.items()}
        shrunk = _body(notice, data, truncated=True)
        if len(encoded(shrunk)) < MAX_BYTES:
            break
    return shrunk


def encoded(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent. What no UTF-8 can hold (undecodable paths) becomes `?`."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _body(notice: Notice, data: Mapping[str, Any], *, truncated: bool) -> dict[str, Any]:
    return {
        "type": f"logwatch.incident.{notice.kind}",
        "timestamp": rfc3339(notice.time),
        "data": {**data, "truncated": truncated},
    }


def _shrunk(name: str, value: Any, characters: int, items: int) -> Any:
    """The value of the field called `name` with its texts shortened and its lists and labels cut."""
    if isinstance(value, str):
        return shortened(value, max(characters, _NAME) if name in _NAMES else characters)
    if isinstance(value, Mapping):
        first = list(value.items())[:items]
        return {shortened(k, characters): _shrunk(k, v, characters, items) for k, v in first}
    if isinstance(value, Sequence):
        return [_shrunk(name, item, characters, items) for item in value[:items]]
    return value
