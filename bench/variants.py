"""A catalogue of any size: real patterns, and after them real patterns with other words in them."""

import re
from collections.abc import Iterator, Sequence

import regex

from logwatch.scan.index import Rule
from logwatch.scan.pattern import compiled

# Words, but not what belongs to the syntax: names of groups, escapes, flags.
_WORD = re.compile(r"(?<![\\<(?\w])[A-Za-z]{4,}(?![\w]*>)")
_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvw"


def varied(rules: Sequence[Rule], count: int) -> list[Rule]:
    """`count` rules: the given ones, then variants of theirs."""
    made = list(rules[:count])
    turn = 0
    while len(made) < count:
        turn += 1
        made.extend(_variants(rules, turn))
    return made[:count]


def _variants(rules: Sequence[Rule], turn: int) -> Iterator[Rule]:
    for rule in rules:
        pattern = _WORD.sub(lambda word: _other_word(word[0], turn), rule.pattern)
        if pattern != rule.pattern and _is_pattern(pattern):
            yield Rule(f"{rule.id}-{turn}", pattern, rule.kinds, rule.severity)


def _is_pattern(text: str) -> bool:
    try:
        compiled(text)
    except regex.error:
        return False
    return True


def _other_word(word: str, turn: int) -> str:
    """Vowels become vowels, so that it still looks like one; the same word becomes the same word."""
    return "".join(_other_letter(letter, turn + place) for place, letter in enumerate(word))


def _other_letter(letter: str, by: int) -> str:
    for letters in (_VOWELS, _CONSONANTS):
        at = letters.find(letter.lower())
        if at >= 0:
            other = letters[(at + by) % len(letters)]
            return other.upper() if letter.isupper() else other
    return letter
