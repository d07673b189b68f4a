"""The syntax of patterns. Apart from the scanner: most scans meet no line that is worth a search."""

import regex

# Patterns speak of ASCII: it makes looking for their letters in either case a matter of bytes.
FLAGS = regex.ASCII


def compiled(pattern: str) -> "regex.Pattern[str]":
    """`pattern`, ready to be searched for.

    Raises:
        regex.error: it cannot be read.
    """
    # Whoever needs it again keeps it: `regex` would keep five hundred beside those.
    return regex.compile(pattern, FLAGS, cache_pattern=False)
