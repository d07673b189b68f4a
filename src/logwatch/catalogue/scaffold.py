"""A record begun from one line of a log: the pattern, the example and every key; the rest is for a person."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from logwatch.scan.clean import visible
from logwatch.scan.literals import derive
from logwatch.scan.prefix import read

# Beyond, a line is detail: a shorter pattern survives the next version of the product.
MAX_MESSAGE = 200
# An id is typed by people.
_SLUG_WORDS, _SLUG_LENGTH = 5, 48
_DULL_WORD = re.compile(
    r"the|and|was|for|with|that|this|from|has|have|had|are|not|can|could"
    r"|error|\w+error|exception|warn|warning|failed|fatal"
)

# What differs from one occurrence to the next, and the pattern that stands for it; the first that fits wins.
# Every pattern is bounded: what it is glued to should decide quickly on any line.
_VARIABLE: Mapping[str, tuple[str, str]] = {
    "masked": (r"\[masked\]", r"\S{1,200}"),
    "uuid": (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", r"[0-9a-fA-F-]{36}"),
    "url": (r"""\b[a-z]{2,8}://[^\s'"<>)\]]+""", r"""[a-z]{2,8}://[^\s'"<>)\]]{1,200}"""),
    "time": (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", r"[\dTZ :.,+-]{19,35}"),
    "clock": (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", r"[\d:.,]{8,18}"),
    "pci": (r"\b[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?\b", r"[0-9a-fA-F:.]{10,16}"),
    "ip": (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", r"\d+\.\d+\.\d+\.\d+"),
    "hex": (r"\b0x[0-9a-fA-F_]+\b", r"0x[0-9a-fA-F_]{1,32}"),
    "digest": (r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,64}\b", r"[0-9a-f]{8,64}"),
    "source": (r"(?<![\w./])[\w./-]+\.(?:py|cc|cpp|cu|c|h|hpp|rs|go):\d+", r"[\w./-]{1,200}:\d+"),
    "path": (r"(?<![\w.])~?(?:/[\w.@+~=-]+){2,}/?", r"""[^\s:,'"<>)\]]{1,200}"""),
    "size": (r"(?<![\w.])\d+(?:\.\d+)? ?(?:[kKMGTP]i?)?B\b", r"[\d.]{1,20} ?[kKMGTP]?i?B"),
    "numbered": (r"(?<=rank|node|nvme|host)\d+|(?<=gpu|GPU|eth)\d+", r"\d+"),
    "decimal": (r"(?<![\w.])-?\d+(?:\.\d+)+(?:[eE][+-]?\d+)?(?=[a-zA-Z]{0,3}\b)", r"-?\d[\d.eE+-]{1,24}"),
    "signed": (r"(?<![\w.-])-\d+\b(?!\.\d)", r"-?\d+"),
    "number": (r"(?<![\w.])\d+\b(?!\.\d)", r"\d+"),
    "amount": (r"(?<![\w.])\d+(?=(?:ms|us|ns|s|m|h|k|M|G|W|C)\b)", r"\d+"),
}
_VARIABLES = re.compile("|".join(f"(?P<{kind}>{found})" for kind, (found, _) in _VARIABLE.items()), re.ASCII)
# In front of the message these say where and when, not what.
_LEADING = re.compile(
    # `kernel:` without a host is what is left where somebody took the host's name out of a syslog line.
    rf"[\s:|-]+|kernel: |(?:{'|'.join(_VARIABLE[kind][0] for kind in ('time', 'clock', 'uuid', 'source', 'ip'))})",
    re.ASCII,
)
# A number behind these words says which error it is: it stays.
_TELLING = re.compile(
    r"\b(?:s?xid|errno|error(?: code)?|exit ?code|code|signal|status|http)\b\W*(?:\([^)]*\)\W*)?$",
    re.IGNORECASE,
)
_NAMED_KIND = {"pci": "device", "ip": "peer", "path": "path", "size": "size", "url": "url"}
# The word in front of a value, and the name under which every entry has it.
_NAMED_WORD = {
    "pid": "pid",
    "rank": "rank",
    "local_rank": "local_rank",
    "gpu": "device",
    "device": "device",
    "cuda": "device",
    "port": "port",
    "peer": "peer",
    "node": "node",
    "step": "step",
    "timeout": "timeout",
    "after": "after",
}
_WORD_BEFORE = re.compile(r"([A-Za-z_]+)(?:\(s\))?[\s:=#<\[\"'-]*$")
_SPECIAL = re.compile(r"([\\.^$*+?{}\[\]()|])")


class NothingFixedError(ValueError):
    """A line in which nothing would be the same the next time."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that is to be finished by hand."""

    id: str
    record: Mapping[str, Any]


def draft(line: str, domain: str, *, today: str, slug: str = "", taken: Collection[str] = ()) -> Draft:
    """A record whose pattern finds `line`; `taken` are ids that exist. `today` is an ISO date.

    Raises:
        NothingFixedError: the line has no text by which it could be found again.
    """
    message = message_of(line)
    pattern = pattern_of(message)
    if not derive(pattern).any_of:
        raise NothingFixedError("nothing in this line is sure to be the same the next time")
    name = _free(f"{domain}/{slug or slug_of(message)}", taken)
    return Draft(name, _record(name, domain, line, message, pattern, today))


def message_of(line: str) -> str:
    """The line without timestamps, ranks, levels, places in the source and what else stands in front.

    Colours go, too: patterns are searched in what a terminal would show.
    """
    line = visible(line.encode("utf-8", "replace"))
    message = line[read(line).end :]
    while (leading := _LEADING.match(message)) is not None:
        message = message[leading.end() :]
    return message.rstrip() or line.strip()


def pattern_of(message: str) -> str:
    """A pattern that finds `message` with other numbers, addresses, paths and sizes.

    It begins with text: what varies at the beginning would be tried at every place of a line.
    """
    return "".join(_pieces(_beginning(message))).lstrip()


def _beginning(message: str) -> str:
    """As much as a pattern should hold on to, cut between words."""
    if len(message) <= MAX_MESSAGE:
        return message
    return message[:MAX_MESSAGE].rpartition(" ")[0] or message[:MAX_MESSAGE]


def _pieces(message: str) -> Iterator[str]:
    used: set[str] = set()
    at = 0
    for variable in _VARIABLES.finditer(message):
        kind = variable.lastgroup or ""
        before = message[: variable.start()]
        if kind in {"number", "signed", "amount"} and _TELLING.search(before):
            continue
        yield _escaped(message[at : variable.start()])
        at = variable.end()
        if not before.strip():
            continue
        name = _name_for(kind, before)
        pattern = _VARIABLE[kind][1]
        yield pattern if not name or name in used else f"(?P<{name}>{pattern})"
        used.add(name)
    yield _escaped(message[at:])


def _name_for(kind: str, before: str) -> str:
    word = _WORD_BEFORE.search(before)
    by_word = _NAMED_WORD.get(word[1].lower(), "") if word else ""
    return _NAMED_KIND.get(kind, by_word)


def _escaped(text: str) -> str:
    """Only what is special is escaped: a pattern is for reading, too."""
    return _SPECIAL.sub(r"\\\1", text)


def slug_of(message: str) -> str:
    """Some telling words of `message`: `cuda-uncorrectable-ecc-encountered`."""
    words = re.findall(r"[A-Za-z]{3,}", _VARIABLES.sub(" ", message))
    telling = list(dict.fromkeys(w.lower() for w in words if not _DULL_WORD.fullmatch(w.lower())))
    slug = "-".join(telling[:_SLUG_WORDS])[:_SLUG_LENGTH].strip("-")
    return slug or "new-entry"


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free


def _record(name: str, domain: str, line: str, message: str, pattern: str, today: str) -> Mapping[str, Any]:
    """All keys, in the order in which the shipped records have them."""
    return {
        "id": name,
        "signature": message,
        "signature_zh": "",
        "regex": pattern,
        "domain": domain,
        "category": "",
        "subcategory": None,
        "root_cause": "",
        "root_cause_type": "generic",
        "root_cause_zh": "",
        "versions": [],
        "os_specific": {},
        "dead_ends": [{"action": "", "why_fails": "", "fail_rate": 0.5, "condition": "", "sources": []}],
        "workarounds": [{"action": "", "success_rate": 0.5, "how": "", "condition": "", "sources": []}],
        "workarounds_zh": [""],
        "transition_graph": {"leads_to": [], "preceded_by": [], "frequently_confused_with": []},
        "official_doc_url": "",
        "official_doc_section": None,
        "error_code": None,
        "verification_tier": "unverified",
        "confidence": 0.5,
        "fix_success_rate": None,
        "resolvable": "partial",
        "first_seen": today,
        "last_confirmed": today,
        "last_updated": today,
        "evidence_count": 1,
        "tags": [],
        "locale": "en",
        "aliases": [],
        "severity": "error",
        "decision": None,
        "sources": ["any"],
        "examples": {
            "match": [{"text": line, "product": "", "version": "", "where": "", "note": ""}],
            "no_match": [],
        },
        "clears": "",
        "general": False,
    }
