"""Patterns drawn together with text that they are meant to find: one tree, written in both forms."""

from dataclasses import dataclass

from hypothesis import strategies as st

# Characters that are escaped, folded, encoded in several bytes or left out of records by someone.
CHARACTERS = "aAbBkKsS01 ._-:/'\"#&|~()[]{}<>,+*?^$\\éÉß中ſ\u212a\ufffd\t"
WORDS = ("NCCL", "error", "CUDA out of", "timeout", "rank", "Größe", "内存不足", "Kk", "ss")
# How a repetition is written, and a number of times it allows.
REPEATS = (
    *(("?", 0), ("?", 1), ("*", 0), ("*", 2), ("+", 1), ("+", 3), ("{2}", 2), ("{1,3}", 2)),
    *(("{0}", 0), ("{3,}", 4), ("{,2}", 1), ("{,}", 1), ("{5}", 5), ("{0,7}", 3)),
)
NAMES = ("pid", "rank", "size")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pattern and one text that it may match (look-arounds and back-references may say no)."""

    pattern: str
    text: str


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c in "_ ,:/'\"<>" else f"\\{c}" for c in text)


@st.composite
def _literal(draw: st.DrawFn) -> Drawn:
    text = draw(st.sampled_from(WORDS) | st.text(CHARACTERS, min_size=1, max_size=4))
    written = draw(st.sampled_from(("plain", "hex", "unicode")))
    if written == "hex" and all(ord(c) < 256 for c in text):
        return Drawn("".join(f"\\x{ord(c):02x}" for c in text), text)
    if written == "unicode":
        return Drawn("".join(f"\\u{ord(c):04x}" for c in text), text)
    return Drawn(_escaped(text), text)


_ESCAPES = st.sampled_from(
    [
        Drawn(r"\d", "7"),
        Drawn(r"\w", "w"),
        Drawn(r"\s", " "),
        Drawn(r"\S", "é"),
        Drawn(r"\D", "中"),
        Drawn(".", "x"),
        Drawn(r"[^\n]", "y"),
        Drawn("[[:digit:]]", "5"),
        Drawn("[^a-c]", "d"),
        Drawn("[[]", "["),
        Drawn("[]x]", "]"),
        Drawn(r"[\]\\-]", "\\"),
        Drawn("[a&&b]", "&"),
        Drawn("{}", "{}"),
        Drawn("{", "{"),
        Drawn(r"\{e}", "{e}"),
        Drawn("(?:timeout){e<=1}", "timeaut"),
        Drawn("(?:NCCL){i}", "NCxCL"),
        Drawn(r"\x00", "\x00"),
        Drawn(r"\n", "\n"),
        Drawn(r"\ufeff", "\ufeff"),
        Drawn("(?#a remark)", ""),
    ]
)
_ZERO_WIDTH = st.sampled_from([Drawn(p, "") for p in (r"\b", r"\B", "^", "$", r"\A", r"\Z", "")])


@st.composite
def _class(draw: st.DrawFn) -> Drawn:
    members = draw(st.lists(st.sampled_from("abkKsS01é中-.^]"), min_size=1, max_size=4, unique=True))
    span = draw(st.sampled_from(("", "x-z", "a-z", "0-2")))
    inside = "".join(m if m.isalnum() else f"\\{m}" for m in members)
    return Drawn(f"[{inside}{span}]", draw(st.sampled_from(members)))


@st.composite
def _grown(draw: st.DrawFn, inner: st.SearchStrategy[Drawn]) -> Drawn:
    kind = draw(st.sampled_from(("sequence", "sequence", "choice", "group", "repeat", "around", "again")))
    parts = draw(st.lists(inner, min_size=2, max_size=4))
    first = parts[0]
    if kind == "sequence":
        return Drawn("".join(p.pattern for p in parts), "".join(p.text for p in parts))
    if kind == "choice":
        return Drawn(f"(?:{'|'.join(p.pattern for p in parts)})", draw(st.sampled_from(parts)).text)
    if kind == "group":
        opening = draw(st.sampled_from(("(?:", "(", "(?>", "(?i:", "(?-i:", "(?s:", "(?x:", "(?u:", "(?a:")))
        text = draw(st.sampled_from((first.text, first.text.swapcase())))
        return Drawn(f"{opening}{first.pattern})", text)
    if kind == "repeat":
        mark, times = draw(st.sampled_from(REPEATS))
        greed = draw(st.sampled_from(("", "?", "+")))
        return Drawn(f"(?:{first.pattern}){mark}{greed}", first.text * times)
    if kind == "around":
        opening = draw(st.sampled_from(("(?=", "(?!", "(?<=", "(?<!")))
        rest = parts[-1]
        return Drawn(f"{opening}{first.pattern}){rest.pattern}", rest.text)
    name = draw(st.sampled_from(NAMES))
    return Drawn(f"(?P<{name}>{first.pattern})-(?P={name})", f"{first.text}-{first.text}")


_LEAVES = _literal() | _literal() | _literal() | _class() | _ESCAPES | _ZERO_WIDTH
_PIECES = st.recursive(_LEAVES, _grown, max_leaves=12)


@st.composite
def drawn_patterns(draw: st.DrawFn) -> Drawn:
    """A whole pattern, some with flags at their head, and a text around what it may match."""
    piece = draw(_PIECES)
    flags = draw(st.sampled_from(("", "", "", "(?i)", "(?s)", "(?x)", "(?a)")))
    text = draw(st.sampled_from((piece.text, piece.text, piece.text.swapcase(), piece.text.lower())))
    return Drawn(flags + piece.pattern, text)
