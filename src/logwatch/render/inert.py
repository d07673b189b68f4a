"""Text from logs, paths and labels, made harmless for whoever displays it."""

import re

# C0 but tab and line feed, DEL, C1, the line and paragraph separators, what turns the writing direction
# ("Trojan source"), lone surrogates (undecodable bytes of a path) and non-characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BLANKS = re.compile(r"\s+")


def inert(text: str) -> str:
    """`text` with every character that acts instead of showing written out (`\\x1b`); lines stay lines."""
    return _UNSEEN.sub(_written_out, text.replace("\r\n", "\n")).replace("\t", "    ")


def inert_line(text: str) -> str:
    """`text` on one line, blanks collapsed."""
    return _BLANKS.sub(" ", inert(text)).strip()


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
