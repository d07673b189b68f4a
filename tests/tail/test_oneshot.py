import gzip
import os
import random
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.records import records
from logwatch.tail import oneshot
from logwatch.tail.oneshot import KEPT_HEAD, KEPT_TAIL, MAX_RECORD, Chunk, Framer, Reading, targets

# --- records -----------------------------------------------------------------------------------------


def cut(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    edges = sorted({min(c, len(data)) for c in cuts} | {0, len(data)})
    return (data[a:b] for a, b in pairwise(edges))


def framed(framer: Framer, blocks: Iterator[bytes]) -> list[Chunk]:
    return [chunk for block in blocks for chunk in framer.feed(block)] + list(framer.finish())


def found(chunks: Sequence[Chunk]) -> list[tuple[int, int, bytes]]:
    """Every record with its offset and line number."""
    seen = []
    for chunk in chunks:
        spans = list(records(chunk.data))
        places = chunk.places(start for start, _ in spans)
        seen += [(*place, chunk.data[a:b]) for place, (a, b) in zip(places, spans, strict=True)]
    return seen


TEXT = st.lists(st.sampled_from([b"a", b"bcd", b"\n", b"\r", b"\r\n", b"\xc3\xa9", b"x" * 40])).map(b"".join)
CUTS = st.lists(st.integers(0, 400))


@given(TEXT, CUTS)
def test_every_record_comes_once_with_its_place_however_the_bytes_arrive(
    data: bytes, cuts: list[int]
) -> None:
    expected = [(a, 1 + data.count(b"\n", 0, a), data[a:b]) for a, b in records(data)]
    framer = Framer()
    assert found(framed(framer, cut(data, cuts))) == expected
    assert framer.offset == len(data)
    assert framer.lines == len(data.split(b"\n")) - (data.endswith(b"\n") or not data)


@pytest.fixture
def small_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oneshot, "MAX_RECORD", 32)
    monkeypatch.setattr(oneshot, "KEPT_HEAD", 12)
    monkeypatch.setattr(oneshot, "KEPT_TAIL", 8)


@pytest.mark.usefixtures("small_records")
def test_where_blocks_are_cut_makes_no_difference_to_overlong_records() -> None:
    draw = random.Random(7)
    for _ in range(300):
        data = b"".join(
            bytes(draw.choices(b"abcdef", k=draw.choice([0, 3, 31, 32, 33, 90])))
            + draw.choice([b"\n", b"\r"])
            for _ in range(draw.randrange(6))
        ) + b"z" * draw.choice([0, 5, 70])
        whole, pieces = Framer(), Framer()
        expected = found(framed(whole, iter([data] if data else [])))
        cuts = [draw.randrange(len(data) + 1) for _ in range(draw.randrange(8))]
        assert found(framed(pieces, cut(data, cuts))) == expected
        assert (pieces.offset, pieces.lines, pieces.overlong) == (whole.offset, whole.lines, whole.overlong)
        assert [len(text) > 32 for _, _, text in expected].count(True) == whole.overlong


def test_of_an_overlong_record_head_and_tail_are_kept_and_what_is_left_out_is_said() -> None:
    record = b"H" * KEPT_HEAD + b"-" * 500_000 + b"T" * KEPT_TAIL
    framer = Framer()
    chunks = framed(framer, iter([b"before\n" + record, b"\nafter\n"]))
    before, overlong, after = found(chunks)
    assert before == (0, 1, b"before")
    assert overlong == (7, 2, b"H" * KEPT_HEAD + b" [500000 bytes left out] " + b"T" * KEPT_TAIL)
    assert after == (8 + len(record), 3, b"after")
    assert framer.overlong == 1


def test_a_record_of_just_the_limit_is_whole() -> None:
    framer = Framer()
    assert [len(text) for _, _, text in found(framed(framer, iter([b"a" * MAX_RECORD + b"\n"])))] == [
        MAX_RECORD
    ]
    assert framer.overlong == 0


def test_an_endless_line_is_not_kept_in_memory() -> None:
    framer = Framer()
    for _ in range(200):
        assert list(framer.feed(b"x" * oneshot.CHUNK)) == []
        held = len(framer._pending) + (len(framer._long.head) + len(framer._long.tail) if framer._long else 0)
        assert held <= MAX_RECORD
    (chunk,) = framer.finish()
    assert len(chunk.data) < MAX_RECORD
    assert framer.offset == 200 * oneshot.CHUNK


# --- files -------------------------------------------------------------------------------------------

LINES = b"".join(b"step %d loss %d\n" % (n, n * n) for n in range(20_000))


def read_all(path: Path) -> tuple[bytes, Reading]:
    reading = Reading(str(path))
    return b"".join(chunk.data for chunk in reading.chunks()), reading


def test_a_plain_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(LINES + b"no end")
    os.utime(path, (1000.0, 1000.0))
    data, reading = read_all(path)
    assert data == LINES + b"no end"
    assert (reading.trouble, reading.skipped, reading.modified) == ("", "", 1000.0)
    assert reading.read == len(data)
    assert reading.framer.lines == 20_001


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    data, reading = read_all(path)
    assert data == b""
    assert reading.framer.lines == 0
    assert (reading.trouble, reading.skipped) == ("", "")


def test_a_file_that_is_gone_is_trouble_and_no_exception(tmp_path: Path) -> None:
    _, reading = read_all(tmp_path / "gone")
    assert reading.trouble == "cannot be read: No such file or directory"


def test_gzip_is_known_by_its_first_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "train.log.1"
    path.write_bytes(gzip.compress(LINES))
    data, reading = read_all(path)
    assert data == LINES
    assert reading.read == path.stat().st_size
    assert not reading.trouble


def test_all_members_of_a_gzip_file_are_read_with_zeros_between_them(tmp_path: Path) -> None:
    path = tmp_path / "logs.gz"
    path.write_bytes(gzip.compress(b"one\n") + b"\0" * 700 + gzip.compress(LINES) + b"\0" * 100)
    data, reading = read_all(path)
    assert data == b"one\n" + LINES
    assert not reading.trouble


def test_of_a_cut_gzip_file_everything_readable_is_read_and_the_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    packed = gzip.compress(LINES)
    path.write_bytes(packed[: len(packed) // 2])
    data, reading = read_all(path)
    assert LINES.startswith(data)
    assert len(data) > len(LINES) // 3
    assert reading.trouble == "the gzip data ends in the middle"


def test_of_a_damaged_gzip_file_everything_before_the_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gz"
    packed = gzip.compress(LINES)
    path.write_bytes(packed[:-8] + bytes(4) + packed[-4:])
    data, reading = read_all(path)
    assert data == LINES
    assert reading.trouble.startswith("the gzip data is damaged")


def test_a_gzip_bomb_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    line = b"a" * 99 + b"\n"
    bomb = zlib.compressobj(9, wbits=31)
    path.write_bytes(b"".join(bomb.compress(line * 10_000) for _ in range(50)) + bomb.flush())
    reading = Reading(str(path))
    assert max(len(chunk.data) for chunk in reading.chunks()) <= oneshot.CHUNK + MAX_RECORD
    assert reading.framer.offset == 50 * 10_000 * 100


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_is_read_as_utf8_and_offsets_are_those_of_the_file(tmp_path: Path, codec: str) -> None:
    lines = ["first", "显存不足 💥 here", "x" * 300_000, "last"]
    path = tmp_path / "windows.log"
    path.write_bytes("\ufeff".encode(codec) + "\r\n".join(lines).encode(codec))
    reading = Reading(str(path))
    seen = found(list(reading.chunks()))
    assert [text.decode().lstrip("\ufeff")[:20] for _, _, text in seen] == [line[:20] for line in lines]
    raw = path.read_bytes()
    for line, (offset, _, _) in zip(lines[1:], seen[1:], strict=True):
        assert raw[offset:].startswith(line.encode(codec))
    assert [number for _, number, _ in seen] == [1, 2, 3, 4]
    assert reading.framer.offset == len(raw)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40, "not text"),
        (random.Random(1).randbytes(20_000), "not text"),
        ((200).to_bytes(8, "little") + b'{"__metadata__":{}}' + b" " * 9000, "not text"),
        (b"\x28\xb5\x2f\xfd....", "zstd -dc FILE | logwatch scan -"),
        (b"BZh91AY....", "bzip2 -dc FILE | logwatch scan -"),
        (gzip.compress(bytes(range(256)) * 40), "not text"),
    ],
)
def test_what_is_no_log_is_skipped_with_a_word(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "blob"
    path.write_bytes(content)
    data, reading = read_all(path)
    assert data == b""
    assert reading.skipped.endswith(why)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 100_000 + b"the writer went on after the file was cut\n",
        b"RuntimeError: DataLoader worker is killed\0\n" * 30,
        b"\x1b[31mred\x1b[0m \x07 bell\n",
        "显存不足\n".encode("gb18030") * 100,
        b"x",
    ],
)
def test_strange_but_real_logs_are_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "strange.log"
    path.write_bytes(content)
    data, reading = read_all(path)
    assert data == content
    assert not reading.skipped


def test_a_pipe_that_gives_single_bytes_is_known_for_what_it_holds(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    packed = gzip.compress(b"one\ntwo\n")
    if not (pid := os.fork()):
        with fifo.open("wb", buffering=0) as end:
            for byte in packed:
                end.write(bytes([byte]))
        os._exit(0)
    data, reading = read_all(fifo)
    os.waitpid(pid, 0)
    assert data == b"one\ntwo\n"
    assert reading.modified is None


# --- what the words on a command line stand for ------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a/rank1.log", "a/rank0.log", "b/deep/err.txt", "plain.log", "odd[1].log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("12345\n")
    os.mkfifo(tmp_path / "b/fifo")
    (tmp_path / "b/nowhere").symlink_to("gone")
    (tmp_path / "link.log").symlink_to("plain.log")
    return tmp_path


def names(tree: Path, *words: str) -> list[str]:
    return [os.path.relpath(t.path, tree) for t in targets([str(tree / w) for w in words]).files]


def test_a_folder_stands_for_the_regular_files_below_it_in_order(tree: Path) -> None:
    assert names(tree, "a", "b") == ["a/rank0.log", "a/rank1.log", "b/deep/err.txt"]


def test_a_pattern_stands_for_the_files_that_fit(tree: Path) -> None:
    assert names(tree, "**/*.log") == ["a/rank0.log", "a/rank1.log", "link.log", "odd[1].log"]
    assert names(tree, "a/rank[0].log") == ["a/rank0.log"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    assert names(tree, "odd[1].log") == ["odd[1].log"]


def test_a_file_is_read_once_however_it_is_reached(tree: Path) -> None:
    found = targets([str(tree / "plain.log"), str(tree / "link.log"), str(tree / "*.log")])
    assert [Path(t.path).name for t in found.files] == ["plain.log", "odd[1].log"]
    assert found.size == 12


def test_what_was_asked_for_by_name_is_told_from_what_was_swept_up(tree: Path) -> None:
    found = targets([str(tree / "plain.log"), str(tree / "a"), "-"])
    assert [target.named for target in found.files] == [True, False, False, True]


def test_what_is_not_there_is_a_problem_and_the_others_are_read_all_the_same(tree: Path) -> None:
    found = targets([str(tree / "gone.log"), str(tree / "*.csv"), str(tree / "plain.log")])
    assert [problem.what for problem in found.problems] == ["does not exist", "fits no file"]
    assert len(found.files) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_may_not_be_listed_is_a_problem(tree: Path) -> None:
    (tree / "a").chmod(0)
    found = targets([str(tree)])
    (tree / "a").chmod(0o755)
    assert [problem.what for problem in found.problems] == ["cannot be read: Permission denied"]
