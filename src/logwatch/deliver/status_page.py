"""The daemon's state as one page of HTML: no scripts, nothing loaded from elsewhere, every value escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from logwatch.render.inert import inert_line

# Nobody reads further; /metrics has all of it.
MAX_ROWS = 200

# What the browser may do with the page: show it, in its own style.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #8884; }
th { font-weight: 600; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
nav a { margin-right: 1rem; }
"""


def page(status: Mapping[str, Any]) -> str:
    """The page for `status`.

    A value is a plain one, a mapping (shown as a table of two columns), or a sequence of mappings (one row
    each, with the keys of the first as columns) or of plain values.
    """
    plain = {key: value for key, value in status.items() if not _is_nested(value)}
    nested = {key: value for key, value in status.items() if _is_nested(value)}
    sections = "".join(f"<h2>{_text(key)}</h2>\n{_section(value)}" for key, value in nested.items())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<meta http-equiv="refresh" content="30">\n'
        f"<title>logwatch</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>logwatch</h1>\n"
        '<nav><a href="metrics">metrics</a><a href="readyz?verbose">readyz</a>'
        '<a href="livez?verbose">livez</a></nav>\n'
        f"{_pairs(plain)}{sections}</body>\n</html>\n"
    )


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str | bytes))


def _section(value: Mapping[str, Any] | Sequence[Any]) -> str:
    if not value:
        return "<p>none</p>\n"
    if isinstance(value, Mapping):
        return _pairs(value)
    if all(isinstance(row, Mapping) for row in value):
        return _rows(value)
    return _table([f"<tr><td>{_text(item)}</td></tr>" for item in value])


def _pairs(pairs: Mapping[str, Any]) -> str:
    return _table([f"<tr><th>{_text(key)}</th><td>{_text(value)}</td></tr>" for key, value in pairs.items()])


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    heads = "".join(f"<th>{_text(column)}</th>" for column in columns)
    return _table(
        ["<tr>" + "".join(f"<td>{_text(row.get(c, ''))}</td>" for c in columns) + "</tr>" for row in rows],
        f"<tr>{heads}</tr>\n",
    )


def _table(rows: Sequence[str], heads: str = "") -> str:
    shown = "\n".join(rows[:MAX_ROWS])
    more = f"<p>… and {len(rows) - MAX_ROWS} more</p>\n" if len(rows) > MAX_ROWS else ""
    return f"<table>\n{heads}{shown}\n</table>\n{more}"


def _text(value: Any) -> str:
    return escape(inert_line(str(value)))
