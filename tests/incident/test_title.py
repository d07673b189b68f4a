"""An incident is called what its line says, not what the line in the catalogue said."""

import pytest

from logwatch.catalogue.entry import Entry
from logwatch.incident.title import title_of

OOM = Entry.model_validate(
    {
        "id": "pytorch/oom",
        "regex": "out of memory",
        "signature": "CUDA out of memory. Tried to allocate 16.00 GiB. GPU 0 has 140.06 GiB of which 3.12 is free.",
        "signature_zh": "CUDA 显存不足。尝试分配 16.00 GiB，GPU 0 共 140.06 GiB，剩 3.12 GiB。",
    }
)
LINE = (
    "x: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 5 has 79.15 GiB of which 1.12 is free. And more"
)


def test_the_numbers_are_those_of_the_line_in_either_language() -> None:
    assert title_of(OOM, LINE, "en") == LINE[3:-9]
    assert title_of(OOM, LINE, "zh") == "CUDA 显存不足。尝试分配 2.50 GiB，GPU 5 共 79.15 GiB，剩 1.12 GiB。"


@pytest.mark.parametrize("line", ["", "out of memory", "GPU 5 has 79.15 GiB"])
def test_a_line_that_says_it_otherwise_changes_nothing(line: str) -> None:
    assert title_of(OOM, line, "en") == OOM.signature


@pytest.mark.parametrize(
    ("signature", "line", "title"),
    [
        (
            "Xid (PCI:0000:05:00): 79, lost",
            "NVRM: Xid (PCI:0000:9b:00): 79, lost",
            "Xid (PCI:0000:9b:00): 79, lost",
        ),
        ("exitcode: -9", "  exitcode: -11", "exitcode: -11"),
        ("no digits at all", "no digits at all", "no digits at all"),
        # One word that is two things in this line stays what it was.
        ("rank 0 waits for 0", "rank 3 waits for 4", "rank 0 waits for 0"),
    ],
)
def test_words_with_digits_are_what_differs(signature: str, line: str, title: str) -> None:
    entry = Entry.model_validate({"id": "a/b", "regex": "x", "signature": signature})
    assert title_of(entry, line, "en") == title


def test_a_hostile_line_takes_no_time() -> None:
    """What separates two words stands in none, so nothing is tried twice: seconds would be minutes."""
    signature = " ".join(f"{n}," for n in range(40)) + " end"
    entry = Entry.model_validate({"id": "a/b", "regex": "x", "signature": signature})
    assert title_of(entry, "1, " * 1300, "en") == signature
