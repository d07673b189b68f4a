"""What is kept of one record is told of those like it, and of no others."""

from collections.abc import Iterable

import pytest

from logwatch.scan import repeats
from logwatch.scan.repeats import Alike, Repeats

FEW: list[bytes] = [b"code 0"]


def alike(record: bytes, kept: Repeats[str, str]) -> Alike[str]:
    found = kept.of(record, "any")
    assert found is not None
    return found


def deciding_code(_shape: bytes, _common: str) -> Iterable[bytes] | None:
    return FEW


def taught(kept: Repeats[str, str], record: bytes, value: str) -> None:
    for _ in range(2):
        alike(record, kept).keep(record, value)


def test_a_record_that_differs_where_nothing_decides_is_known() -> None:
    kept = Repeats(deciding_code)
    taught(kept, b"rank 3: code 7", "seven")
    assert alike(b"rank 5: code 7", kept).known(b"rank 5: code 7") == "seven"


@pytest.mark.parametrize("record", [b"rank 3: code 8", b"rank 13: code 7", b"rank 3; code 7"])
def test_any_other_is_not(record: bytes) -> None:
    kept = Repeats(deciding_code)
    taught(kept, b"rank 3: code 7", "seven")
    assert alike(record, kept).known(record) is None


def test_of_the_first_of_its_shape_nothing_is_asked_or_kept() -> None:
    asked: list[bytes] = []

    def decides(shape: bytes, _common: str) -> Iterable[bytes] | None:
        asked.append(shape)
        return ()

    kept = Repeats(decides)
    first = alike(b"rank 3", kept)
    first.keep(b"rank 3", "late")
    assert (first.known(b"rank 3"), asked) == (None, [])
    first.keep(b"rank 4", "late")
    first.keep(b"rank 5", "late")
    assert (first.known(b"rank 3"), asked) == ("late", [b"rank 0"])


def test_where_all_digits_may_decide_nothing_is_kept() -> None:
    asked: list[bytes] = []

    def decides(shape: bytes, _common: str) -> Iterable[bytes] | None:
        asked.append(shape)
        return None

    kept = Repeats(decides)
    for _ in range(4):
        taught(kept, b"rank 3", "late")
    assert alike(b"rank 3", kept).known(b"rank 3") is None
    assert asked == [b"rank 0"]


def test_records_with_different_company_are_kept_apart() -> None:
    kept = Repeats(deciding_code)
    taught(kept, b"code 7", "seven")
    other = kept.of(b"code 7", "kernel")
    assert other is not None
    assert other.known(b"code 7") is None


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_MANY_SHAPES", 2)
    monkeypatch.setattr(repeats, "_MANY_ALIKE", 1)
    kept = Repeats(deciding_code)
    taught(kept, b"code 7", "seven")
    taught(kept, b"code 8", "eight")
    assert [alike(code, kept).known(code) for code in (b"code 7", b"code 8")] == [None, "eight"]
    for rank in (b"1", b"22", b"333"):
        taught(kept, rank, "other")
    assert alike(b"code 8", kept).known(b"code 8") is None
    assert kept.of(b"x" * 4097, "any") is None
    scattered = b"code 7 " * 17
    taught(kept, scattered, "other")
    assert alike(scattered, kept).known(scattered) is None


def test_what_is_forgotten_is_not_known_any_more() -> None:
    kept = Repeats(deciding_code)
    taught(kept, b"code 7", "seven")
    kept.forget()
    assert alike(b"code 7", kept).known(b"code 7") is None
