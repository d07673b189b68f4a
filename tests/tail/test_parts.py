"""Large files in parts: each says what stands in it, and together they say everything once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.tail import parts
from logwatch.tail.oneshot import targets
from logwatch.tail.parts import LARGE, PART, Part, parts_of


def parts_in(path: Path) -> list[Part]:
    return list(parts_of(targets([str(path)]).files))


def records(part: Part) -> Iterator[bytes]:
    for chunk in part.reading().chunks():
        yield from chunk.data.splitlines()


def test_a_small_file_is_not_divided(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"line\n" * 100)
    assert parts_in(log) == [Part(targets([str(log)]).files[0])]


@pytest.mark.parametrize("line", [b"x" * 200, b"x" * 5000, b"y" * (PART // 2 + 7)], ids=len)
def test_each_record_is_in_one_part(tmp_path: Path, line: bytes) -> None:
    count = LARGE // len(line) + 2
    lines = [b"%d %s" % (number, line) for number in range(count)]
    log = tmp_path / "a.log"
    log.write_bytes(b"\n".join(lines))
    divided = parts_in(log)
    assert len(divided) > LARGE // PART
    # Of an overlong record head and tail are given, on lines of their own.
    beginnings = [record for part in divided for record in records(part) if record[:1].isdigit()]
    assert [int(record.split()[0]) for record in beginnings] == list(range(count))


def test_a_record_longer_than_many_parts_is_looked_through_by_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"z" * (2 * LARGE))
    given: list[int] = []
    pread = os.pread

    def counted(fd: int, size: int, at: int) -> bytes:
        data = pread(fd, size, at)
        given.append(len(data))
        return data

    monkeypatch.setattr(parts.os, "pread", counted)
    read = [sum(len(record) for record in records(part)) for part in parts_in(log)]
    assert read[0] > 0
    assert set(read[1:]) == {0}
    # Once by the part it begins in, once for its end, once by all others for a beginning of theirs.
    assert sum(given) < 4 * log.stat().st_size
