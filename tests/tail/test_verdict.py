"""What became of a file is decided by a truth table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.verdict import FileId, Known, Observed, Verdict, judge

FILE = FileId(dev=1, ino=7, birth_ns=100)
LATER = FileId(dev=1, ino=7, birth_ns=200)
OTHER = FileId(dev=1, ino=8, birth_ns=300)
KNOWN = Known(FILE, offset=1000)


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [
        (None, Verdict.GONE),
        (Observed(FILE, 1000), Verdict.CONTINUE),
        (Observed(FILE, 5000), Verdict.CONTINUE),
        (Observed(FILE, 5000, content_agrees=True), Verdict.CONTINUE),
        (Observed(FILE, 5000, content_agrees=False), Verdict.REWRITTEN),
        (Observed(FILE, 1000, content_agrees=False), Verdict.REWRITTEN),
        (Observed(FILE, 0), Verdict.TRUNCATED),
        (Observed(FILE, 999), Verdict.TRUNCATED),
        (Observed(FILE, 999, content_agrees=False), Verdict.TRUNCATED),
        (Observed(FILE, 999, content_agrees=True), Verdict.SHORTENED),
        (Observed(OTHER, 5000), Verdict.REPLACED),
        (Observed(OTHER, 5000, content_agrees=True), Verdict.REPLACED),
        (Observed(OTHER, 5000, content_agrees=False, was_put_there=True), Verdict.REPLACED),
        (Observed(OTHER, 999, content_agrees=True, was_put_there=True), Verdict.REPLACED),
        (Observed(OTHER, 1000, content_agrees=True, was_put_there=True), Verdict.RENEWED),
        (Observed(LATER, 5000), Verdict.REPLACED),
    ],
)
def test_the_truth_table(observed: Observed | None, verdict: Verdict) -> None:
    assert judge(KNOWN, observed) is verdict


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (FileId(1, 7, 100), FileId(1, 7, 100), True),
        (FileId(1, 7, 100), FileId(1, 8, 100), False),
        # An inode number that was used again.
        (FileId(1, 7, 100), FileId(1, 7, 200), False),
        # A file system that was mounted again.
        (FileId(1, 7, 100), FileId(2, 7, 100), True),
        # Births are not known everywhere.
        (FileId(1, 7, 0), FileId(1, 7, 100), True),
        (FileId(1, 7, 0), FileId(1, 7, 0), True),
        (FileId(1, 7, 0), FileId(2, 7, 0), False),
    ],
)
def test_which_file_is_the_same(one: FileId, other: FileId, same: bool) -> None:
    assert one.is_same_file(other) is same
    assert other.is_same_file(one) is same


FILES = st.builds(FileId, st.integers(1, 2), st.integers(1, 3), st.integers(0, 3))
SIZES = st.integers(0, 4)
SEEN = st.builds(Observed, FILES, SIZES, st.sampled_from([None, True, False]), st.booleans())


@given(FILES, SIZES, SEEN)
def test_a_life_goes_on_only_in_its_file_and_only_with_its_content(
    file: FileId, offset: int, observed: Observed
) -> None:
    verdict = judge(Known(file, offset), observed)
    is_same = file.is_same_file(observed.file)
    if verdict is Verdict.CONTINUE:
        assert is_same
        assert observed.size >= offset
        assert observed.content_agrees is not False
    if verdict in {Verdict.TRUNCATED, Verdict.SHORTENED, Verdict.REWRITTEN}:
        assert is_same
    if verdict in {Verdict.RENEWED, Verdict.SHORTENED}:
        assert observed.content_agrees
    assert (verdict in {Verdict.REPLACED, Verdict.RENEWED}) == (not is_same)
