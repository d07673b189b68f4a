"""A line of source that holds a message is no message: tracebacks quote such lines, and people print them."""

import re

# How far before a match a string of source may have been opened.
_REACH = 160
# What a message in source stands in: what is raised, printed, logged or asserted.
_OPENED = re.compile(
    r"(?:raise \w{3,40}\(|print\(|warn\(|log\w{0,4}\.\w{4,9}\(|assert [^\n]{1,80}, )f?[\"'][^\"'\n\\]{0,40}\Z"
)


def is_in_source(line: str, at: int) -> bool:
    """Whether what begins at `at` of `line` stands in a string of a program, told and not said."""
    before = line[max(0, at - _REACH) : at]
    return ('"' in before or "'" in before) and _OPENED.search(before) is not None
