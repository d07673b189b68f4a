"""Finding entries by words, as a person remembers them: "nccl timeout", "xid 79", "内存"."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from logwatch.catalogue.entry import Entry

# Where a word stands says how much the entry is about it.
_WEIGHTS: Mapping[str, int] = {"id": 8, "title": 5, "tags": 5, "regex": 3, "cause": 2}
# A whole word is worth more than a part of one: "rank" is not "frankly".
_WHOLE_WORD = 2
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found; the higher `score` is, the better it fits."""

    entry: Entry
    score: int


def search(entries: Iterable[Entry], words: Sequence[str]) -> list[Hit]:
    """The entries in which every one of `words` stands somewhere, the best first.

    Where no entry has them all, those that have the most of them.
    """
    wanted = [word.casefold() for word in words if word]
    found: list[tuple[int, Hit]] = []
    for entry in entries:
        scores = [score for word in wanted if (score := _score(_fields(entry), word))]
        if scores:
            found.append((len(scores), Hit(entry, sum(scores))))
    most = max((count for count, _ in found), default=0)
    hits = [hit for count, hit in found if count == most]
    return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))


def _fields(entry: Entry) -> Mapping[str, str]:
    return {
        "id": " ".join((entry.id, *entry.aliases)),
        "title": f"{entry.signature} {entry.signature_zh}",
        "tags": " ".join((*entry.tags, entry.home, entry.category, entry.error_code or "")),
        "regex": entry.regex,
        "cause": f"{entry.root_cause} {entry.root_cause_zh}",
    }


def _score(fields: Mapping[str, str], word: str) -> int:
    score = 0
    for name, text in fields.items():
        folded = text.casefold()
        if word in folded:
            whole = word in _WORD.findall(folded)
            score += _WEIGHTS[name] * (_WHOLE_WORD if whole else 1)
    return score


def similar(entries: Iterable[Entry], text: str, limit: int = 3) -> list[Hit]:
    """The entries whose signatures share most words with `text`, rare words counting for more."""
    vocabulary = {entry.id: (entry, words_of(entry.signature)) for entry in entries}
    counts: dict[str, int] = {}
    for _, words in vocabulary.values():
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    asked = words_of(text)
    hits = [
        Hit(entry, sum(round(100 / counts[word]) for word in words & asked))
        for entry, words in vocabulary.values()
    ]
    near = sorted((hit for hit in hits if hit.score), key=lambda hit: (-hit.score, hit.entry.id))
    return near[:limit]


def words_of(text: str) -> set[str]:
    """The words of at least three letters; numbers and short words say nothing about an error."""
    return {word for word in _WORD.findall(text.casefold()) if len(word) >= 3 and not word.isdigit()}
