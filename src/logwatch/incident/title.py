"""What an incident is called: the entry's signature, with the numbers and names of the line at hand.

A signature is a real line, of somebody else's job: `GPU 0 has a total capacity of 140.06 GiB` would send
whoever reads it at night to the wrong GPU.
"""

import re
from itertools import pairwise

from logwatch.catalogue.entry import Entry, Language

# Words with a digit in them are what differs from case to case. What separates two of them belongs to none,
# so that there is one way only to find them in a line.
_VARYING = re.compile(r"[\w.:/-]*\d[\w.:/-]*", re.ASCII)
_ANY = r"([\w.:/-]+?)"


def title_of(entry: Entry, line: str, language: Language) -> str:
    """The signature of `entry` in `language` as `line` has it; where it is not found there, as it stands."""
    said = dict(_said(entry.signature, line))
    return _VARYING.sub(lambda word: said.get(word[0], word[0]), entry.title(language))


def _said(signature: str, line: str) -> list[tuple[str, str]]:
    """The varying words of `signature`, each with what stands in its place in `line`."""
    words = list(_VARYING.finditer(signature))
    ends = [0, *(end for word in words for end in word.span()), len(signature)]
    fixed = [re.escape(signature[start:end]) for start, end in list(pairwise(ends))[::2]]
    # A last word goes on to its end.
    found = re.search(_ANY.join(fixed) + r"(?![\w/-])", line, re.ASCII) if words else None
    if found is None:
        return []
    pairs = {(word[0], value) for word, value in zip(words, found.groups(), strict=True)}
    values = {word: {value for other, value in pairs if other == word} for word, _ in pairs}
    # One word in two places may be two things now.
    return [(word, value) for word, value in pairs if len(values[word]) == 1]
