"""Following files, one decision at a time. Whole stories are told in tests/conformance."""

import errno
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail import ears, follow, likeness
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.evidence import SHORT
from logwatch.tail.follow import ASKED_S, COLDEST_S, HOT_S, RENAMED_KEPT_S, Follower, Source
from logwatch.tail.glance import QUIET_S
from logwatch.tail.life import Life
from logwatch.tail.pump import Haul, Pump

SCANNER = Scanner([Rule("test/error", r"ERROR-NUMBER-(?P<n>\w+)!")])


class Watch:
    """A follower of `*.log*` in a folder, with a clock of its own."""

    def __init__(self, folder: Path, *lives: Life, **source: object) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        settings = {"paths": [str(folder / "*.log*")], **source}
        self.follower = Follower(Source("logs", **settings), Descriptors(16))  # type: ignore[arg-type]
        self.follower.restore(lives, known_source=bool(lives))
        self.pump = Pump(self.follower, lambda: SCANNER, "any")
        self.told: list[str] = []
        self.haul = Haul("logs")

    def hop(self, seconds: float = 1.0, most: int = 1 << 30) -> Haul:
        self.now += seconds
        self.haul = self.pump.hop(self.now, [], most)
        self.told += [finding.match.captures["n"] for _, finding in self.haul.findings]
        return self.haul

    def write(self, name: str, *numbers: str, chatter: int = 0) -> None:
        with (self.folder / name).open("ab") as log:
            log.write(b"nothing to see here\n" * chatter)
            log.writelines(b"ERROR-NUMBER-%s!\n" % n.encode() for n in numbers)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path)
    yield watch
    watch.follower.close()


def test_of_one_log_what_was_written_first_is_read_first(watch: Watch) -> None:
    for age, name in enumerate(("a.log", "a.log.1", "a.log.2", "b.log")):
        watch.write(name, f"{name[0]}{age}", chatter=100_000)
        os.utime(watch.folder / name, (10_000 - age, 10_000 - age))
    while len(watch.told) < 4:
        watch.hop(0.1)
    assert [name for name in watch.told if name != "b3"] == ["a2", "a1", "a0"]


def test_another_log_does_not_wait_for_that(watch: Watch) -> None:
    watch.write("a.log.1", "old", chatter=200_000)
    os.utime(watch.folder / "a.log.1", (1, 1))
    watch.write("a.log", "new")
    watch.write("other.log", "other")
    watch.hop()
    assert watch.told == ["other"]
    while "new" not in watch.told:
        watch.hop(0.1)
    assert watch.told == ["other", "old", "new"]


def test_a_log_that_never_ends_does_not_keep_the_next_one_waiting(watch: Watch) -> None:
    """What the older file holds when the younger one is met is waited for, and no more."""
    watch.write("a.log.1", chatter=100_000)
    os.utime(watch.folder / "a.log.1", (1, 1))
    watch.write("a.log", "new")
    for _ in range(10):
        watch.write("a.log.1", chatter=100_000)
        watch.hop(0.1)
    assert watch.told == ["new"]


def test_a_file_that_cannot_be_read_keeps_no_later_one_waiting(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.write("a.log.1", "old", chatter=100_000)
    os.utime(watch.folder / "a.log.1", (1, 1))
    watch.write("a.log", "new")
    ill = (watch.folder / "a.log.1").stat().st_ino
    pread = os.pread

    def read(fd: int, size: int, offset: int) -> bytes:
        if os.fstat(fd).st_ino == ill:
            raise OSError(errno.EIO, "Input/output error")
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", read)
    for _ in range(3):
        watch.now += 10
        watch.haul = watch.pump.hop(watch.now, [str(watch.folder / "a.log.1")], 1)
        watch.told += [finding.match.captures["n"] for _, finding in watch.haul.findings]
    assert watch.told == ["new"]
    monkeypatch.undo()
    for _ in range(5):
        watch.hop(10)
    assert watch.told == ["new", "old"]


def test_each_file_has_its_share_of_a_turn(watch: Watch) -> None:
    watch.write("loud.log", chatter=1_000_000)
    for n in range(20):
        watch.write(f"quiet{n}.log", f"q{n}")
    watch.hop()
    assert sorted(watch.told) == sorted(f"q{n}" for n in range(20))
    assert watch.haul.lag > 0


@pytest.mark.parametrize(
    "magic",
    [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh91AY&SY"],
    ids=["gz", "zst", "xz", "bz2"],
)
def test_what_a_compressor_wrote_is_passed_over_and_counted(watch: Watch, magic: bytes) -> None:
    path = watch.folder / "a.log.1.z"
    path.write_bytes(magic + b"\0ERROR-NUMBER-1!\n" * 100)
    watch.hop()
    with path.open("ab") as more:
        more.write(b"ERROR-NUMBER-2!\n")
    skipped = watch.haul.skipped["compressed"] + watch.hop().skipped["compressed"]
    assert (watch.told, skipped, watch.haul.scanned) == ([], path.stat().st_size, 0)


def test_what_cannot_be_read_is_named_until_it_can(watch: Watch) -> None:
    link = watch.folder / "a.log"
    link.symlink_to("target")
    for _ in range(3):
        assert watch.hop().problems == {str(link): "is a link to something that is not there"}
    watch.write("target", "1")
    assert watch.hop().problems == {}
    assert watch.told == ["1"]
    link.unlink()
    assert watch.hop().problems == {}


def test_a_name_that_vanishes_is_no_problem_any_more(watch: Watch) -> None:
    link = watch.folder / "loop.log"
    link.symlink_to("loop.log")
    assert list(watch.hop().problems) == [str(link)]
    link.unlink()
    assert watch.hop().problems == {}


def test_files_that_are_none_are_left_alone(watch: Watch) -> None:
    os.mkfifo(watch.folder / "pipe.log")
    (watch.folder / "folder.log").mkdir()
    watch.write("a.log", "1")
    watch.hop()
    assert watch.told == ["1"]
    assert watch.haul.files.total() == 1


def remembered(haul: Haul) -> list[Life]:
    return [Life.from_dict(r.key, r.source, r.path, dict(r.body)) for r in haul.lives]


def test_what_is_not_asked_for_any_more_is_left_alone_and_not_forgotten(watch: Watch) -> None:
    watch.write("a.log", "1")
    lives = remembered(watch.hop())
    without = Watch(watch.folder, *lives, paths=[str(watch.folder / "b.log")])
    watch.write("a.log", "2")
    without.hop()
    assert (without.told, without.haul.ended, without.haul.files.total()) == ([], [], 0)
    again = Watch(watch.folder, *lives)
    again.hop()
    assert again.told == ["2"]


@pytest.mark.parametrize(("looks_per_s", "every_s"), [(float("inf"), 5.0), (10.0, 10.0), (1.0, COLDEST_S)])
def test_of_very_many_idle_files_each_is_looked_at_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks_per_s: float, every_s: float
) -> None:
    watch = Watch(tmp_path, idle_looks_per_s=looks_per_s)
    for n in range(100):
        watch.write(f"{n}.log", chatter=1)
    for _ in range(300):
        watch.hop()
    looks: Counter[str] = Counter()
    stat = os.stat

    def counted(path: str) -> os.stat_result:
        looks[str(path)] += 1
        return stat(path)

    monkeypatch.setattr(os, "stat", counted)
    for _ in range(60):
        watch.hop()
    monkeypatch.undo()
    of_files = [times for path, times in looks.items() if path.endswith(".log")]
    assert len(of_files) == 100
    assert min(of_files) >= int(60 / every_s)
    # Some come up to a quarter earlier, so that they are not all looked at in one moment.
    assert max(of_files) <= 60 / (0.75 * every_s) + 1
    watch.follower.close()


def test_looks_at_idle_files_that_came_together_are_spread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(tmp_path)
    for n in range(200):
        watch.write(f"{n}.log", chatter=1)
    for _ in range(100):
        watch.hop()
    looks: list[int] = []
    stat = os.stat

    def counted(path: str) -> os.stat_result:
        looks[-1] += str(path).endswith(".log")
        return stat(path)

    monkeypatch.setattr(os, "stat", counted)
    for _ in range(40):
        looks.append(0)
        watch.hop(0.25)
    monkeypatch.undo()
    assert sum(looks) >= 2 * 200
    assert max(looks) <= 200 / 2
    watch.follower.close()


def test_a_hint_brings_a_look_forward(watch: Watch) -> None:
    watch.write("a.log", "1")
    watch.hop()
    watch.hop(60.0)
    watch.write("a.log", "2")
    assert watch.follower.next_due(watch.now) > watch.now
    watch.pump.hop(watch.now, [], 1 << 20)
    assert watch.told == ["1"]
    haul = watch.pump.hop(watch.now, [str(watch.folder / "a.log")], 1 << 20)
    assert [finding.match.captures["n"] for _, finding in haul.findings] == ["2"]


def test_a_hint_under_another_name_of_the_file_does_too(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    watch = Watch(tmp_path, paths=[str(tmp_path / "*.log"), str(tmp_path / "more/*.log")])
    watch.write("a.log", "1")
    os.link(tmp_path / "a.log", tmp_path / "more/b.log")
    watch.hop()
    watch.hop(60.0)
    watch.write("a.log", "2")
    haul = watch.pump.hop(watch.now, [str(tmp_path / "more/b.log")], 1 << 20)
    assert len(haul.findings) == 1
    watch.follower.close()


def test_files_that_were_heard_of_and_never_seen_are_counted(watch: Watch) -> None:
    log, other = str(watch.folder / "a.log"), str(watch.folder / "notes.txt")
    watch.write("b.log", "1")
    watch.now += 1
    appeared = {log: 3, str(watch.folder / "b.log"): 1, other: 1}
    haul = watch.pump.hop(watch.now, [], 1 << 20, appeared)
    assert haul.happened["missed"] == 3


def test_of_a_file_that_was_heard_of_late_nothing_is_missed(watch: Watch) -> None:
    watch.write("a.log", "1")
    watch.hop()
    (watch.folder / "a.log").unlink()
    watch.now += 0.3
    haul = watch.pump.hop(watch.now, [], 1 << 20, {str(watch.folder / "a.log"): 1})
    assert haul.happened["missed"] == 0


def test_with_nothing_to_be_read_a_turn_only_looks(watch: Watch) -> None:
    watch.write("a.log", "1")
    watch.hop(most=0)
    (watch.folder / "a.log").unlink()
    assert watch.told == []
    watch.hop()
    assert watch.told == ["1"]


def test_a_renamed_file_is_let_go_of_when_nobody_writes_to_it_for_a_day(tmp_path: Path) -> None:
    watch = Watch(tmp_path, paths=[str(tmp_path / "*.log")], discovery_s=600.0)
    watch.write("a.log", "1")
    watch.hop()
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    watch.hop(3600)
    assert watch.haul.files["nameless"] == 1
    ended: list[str] = []
    for _ in range(int(RENAMED_KEPT_S / 600) + 10):
        ended += watch.hop(600).ended
    assert len(ended) == 1
    watch.follower.close()


def test_a_log_that_is_rotated_again_while_its_last_file_is_left_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(tmp_path, paths=[str(tmp_path / "*.log")])
    log, first, second = (tmp_path / name for name in ("a.log", "a.log.1", "a.log.2"))
    watch.write("a.log", "1")
    watch.hop()
    log.rename(first)
    watch.write("a.log", "2")
    leave = watch.follower._leave

    def left(life: Life, now: float) -> None:
        leave(life, now)
        if not second.exists():
            first.rename(second)
            log.rename(first)
            watch.write("a.log", "3")

    monkeypatch.setattr(watch.follower, "_leave", left)
    for _ in range(5):
        watch.hop()
    assert sorted(watch.told) == ["1", "2", "3"]
    watch.follower.close()


def test_a_file_that_was_put_in_place_anew_twice_goes_on(tmp_path: Path) -> None:
    """The second time it may get the inode number that the first one had."""
    watch = Watch(tmp_path)
    watch.write("a.log", "1", "2")
    [remembered] = watch.hop().lives
    watch.follower.close()
    for number in ("3", "4"):
        (tmp_path / "new").write_bytes((tmp_path / "a.log").read_bytes())
        watch.write("new", number)
        # A rename changes the inode later than the writing did, by the coarse clock of the file system, too.
        os.utime(tmp_path / "new", ns=(1, os.stat(tmp_path / "new").st_mtime_ns - 10**7))
        (tmp_path / "new").rename(tmp_path / "a.log")
    again = Watch(tmp_path, Life.from_dict(remembered.key, "logs", remembered.path, dict(remembered.body)))
    again.hop()
    again.hop()
    assert again.told == ["3", "4"]
    again.follower.close()


def test_a_file_that_was_put_in_place_anew_while_nobody_looked_goes_on_in_its_unfinished_line(
    tmp_path: Path,
) -> None:
    watch = Watch(tmp_path)
    log = tmp_path / "a.log"
    log.write_bytes(LINE * 50 + b"ERROR-NUMBER-1!\nhalf a li")
    lives = remembered(watch.hop())
    watch.follower.close()
    whole = tmp_path / "whole"
    whole.write_bytes(log.read_bytes() + b"ne\nERROR-NUMBER-2!\n")
    os.utime(whole, ns=(1, os.stat(whole).st_mtime_ns - 10**7))
    whole.rename(log)
    again = Watch(tmp_path, *lives)
    again.hop()
    again.hop()
    assert again.told == ["2"]
    again.follower.close()


def test_files_of_one_log_never_wait_for_each_other_in_a_circle(watch: Watch) -> None:
    """When the old writer of a rotated file goes on, that file changes its place in the order."""

    def written(name: str, at: int) -> None:
        os.utime(watch.folder / name, (at, at))

    few = 1  # byte: one share of one file in each turn
    watch.write("a.log", "1", chatter=500_000)
    watch.hop(5, few)
    (watch.folder / "a.log").rename(watch.folder / "a.log.1")
    watch.write("a.log", "2", chatter=150_000)
    written("a.log.1", 1000)
    written("a.log", 2000)
    watch.hop(5, few)
    watch.write("a.log.1", "3")
    watch.hop(5, few)
    written("a.log.1", 3000)
    watch.hop(5, few)
    (watch.folder / "a.log.1").rename(watch.folder / "a.log.2")
    (watch.folder / "a.log").rename(watch.folder / "a.log.1")
    watch.write("a.log", "4")
    written("a.log", 4000)
    for _ in range(2):
        watch.hop(5, few)
    for _ in range(30):
        watch.hop()
    assert watch.follower.is_caught_up
    assert sorted(watch.told) == ["1", "2", "3", "4"]


def test_what_was_seen_and_cut_before_it_was_read_is_counted_to_the_byte(watch: Watch) -> None:
    """Between the look and the reading the file is cut and refilled beyond what was seen."""
    watch.write("a.log", "read")
    watch.hop()
    watch.write("a.log", "seen", chatter=3)
    unread = (watch.folder / "a.log").stat().st_size - watch.haul.scanned
    watch.hop(most=0)
    os.truncate(watch.folder / "a.log", 0)
    watch.write("a.log", "next", chatter=20)
    skipped = sum((watch.hop(0.01).skipped for _ in range(3)), start=Counter[str]())
    assert (watch.told, skipped) == (["read", "next"], {"truncated_before_read": unread})


def test_a_file_that_was_refilled_before_it_was_looked_at_lost_nothing_that_was_seen(watch: Watch) -> None:
    watch.write("a.log", "read")
    watch.hop()
    os.truncate(watch.folder / "a.log", 0)
    watch.write("a.log", "next", chatter=20)
    watch.hop(most=0)
    assert not watch.hop().skipped
    assert watch.told == ["read", "next"]


def test_a_renamed_file_that_is_refilled_is_read_from_its_start(watch: Watch) -> None:
    watch.write("a.log", "old", chatter=20)
    watch.hop()
    (watch.folder / "a.log").rename(watch.folder / "elsewhere")
    watch.hop()
    os.truncate(watch.folder / "elsewhere", 0)
    watch.write("elsewhere", "new", chatter=50)
    for _ in range(3):
        watch.hop()
    assert watch.told == ["old", "new"]


def test_the_old_writer_of_a_renamed_file_is_heard_after_a_restart(tmp_path: Path) -> None:
    watch = Watch(tmp_path, paths=[str(tmp_path / "*.log")])
    watch.write("a.log", "1")
    watch.hop()
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    watch.write("a.log", "2")
    remembered = {life.key: life for _ in range(3) for life in watch.hop().lives}
    watch.follower.close()
    lives = [Life.from_dict(one.key, "logs", one.path, dict(one.body)) for one in remembered.values()]
    again = Watch(tmp_path, *lives, paths=[str(tmp_path / "*.log")])
    again.hop()
    again.write("a.log.1", "3")
    for _ in range(20):
        again.hop()
    assert again.told == ["3"]
    again.follower.close()


# -- files that are read on as they are open

LINE = b"nothing to see here\n"
LONG = 2 * SHORT // len(LINE)


class ReadOn:
    """A long log that is being written, followed where the kernel tells of directories, until it is read on."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, lines: int = LONG, paths: str = "*.log"
    ) -> None:
        monkeypatch.setattr(ears, "_type_of", lambda _directory: 0xEF53)
        # All is compared 4.5 s after the start, and every five seconds from then on.
        monkeypatch.setattr(Life, "chance", 0.9)
        self.watch = Watch(folder, paths=[str(folder / paths)], listens=True)
        if self.watch.follower.readable is None:
            pytest.skip("no inotify here")
        self.log = folder / "a.log"
        self.log.write_bytes(LINE * lines)
        for _ in range(4):
            self.grow()
        self.life = self.watch.follower.lives()[0]
        # It was read to its end, and its life has yet to learn of it.
        assert self.life.offset < self.log.stat().st_size

    def grow(self, *lines: bytes, seconds: float = 0.3) -> None:
        with self.log.open("ab") as log:
            log.writelines(lines or (LINE,))
        self.watch.hop(seconds)

    def wait_told(self, within: float) -> None:
        """Looks on until something was told, while nothing is written."""
        until = self.watch.now + within
        while not self.watch.told and self.watch.now < until:
            self.watch.hop(0.1)

    def refill(self, first: bytes, *last: bytes) -> None:
        """Another run writes as much as was read, in the same file; only its beginning is not the same."""
        assert len(first) == len(LINE)
        size = self.log.stat().st_size
        with self.log.open("r+b") as log:
            log.truncate(0)
            log.write(first + LINE * (size // len(LINE) - 1) + b"".join(last))


@pytest.fixture
def read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadOn]:
    read_on = ReadOn(tmp_path, monkeypatch)
    yield read_on
    read_on.watch.follower.close()


def test_another_run_with_the_same_end_is_told_of_when_something_is_found(read_on: ReadOn) -> None:
    read_on.refill(b"ERROR-NUMBER-00001!\n", b"ERROR-NUMBER-2!\n")
    read_on.watch.hop(0.3)
    assert read_on.watch.told == []
    read_on.watch.hop(0.0)
    assert read_on.watch.told == ["00001", "2"]
    assert [life.number for life in read_on.watch.follower.lives()] == [2]


def test_and_is_told_of_once_though_a_hint_came_with_it(read_on: ReadOn) -> None:
    read_on.refill(b"ERROR-NUMBER-00001!\n", b"ERROR-NUMBER-2!\n")
    read_on.watch.now += 0.3
    haul = read_on.watch.pump.hop(read_on.watch.now, [str(read_on.log)], 1 << 20)
    for _ in range(5):
        read_on.watch.hop(0.3)
    told = [finding.match.captures["n"] for _, finding in haul.findings] + read_on.watch.told
    assert told == ["00001", "2"]


def test_and_when_all_samples_are_compared_at_the_latest(read_on: ReadOn) -> None:
    read_on.refill(b"ERROR-NUMBER-00001!\n", LINE)
    waited = 0.0
    while not read_on.watch.told:
        read_on.grow()
        waited += 0.3
        assert waited <= ASKED_S + 0.6
    assert waited > 0.3
    read_on.grow(b"ERROR-NUMBER-2!\n")
    assert read_on.watch.told == ["00001", "2"]


def test_and_when_it_grows_no_more(read_on: ReadOn) -> None:
    read_on.refill(b"ERROR-NUMBER-00001!\n", LINE)
    read_on.wait_told(QUIET_S + 1.0)
    assert read_on.watch.told == ["00001"]


def test_and_when_its_directory_has_changed(read_on: ReadOn) -> None:
    read_on.refill(b"ERROR-NUMBER-00001!\n", LINE)
    read_on.watch.hop(0.3)
    read_on.log.rename(read_on.watch.folder / "moved")
    for _ in range(3):
        read_on.watch.hop(0.1)
    assert read_on.watch.told == ["00001"]


def test_what_was_unread_of_the_run_before_is_found_in_its_copy(read_on: ReadOn) -> None:
    with read_on.log.open("ab") as log:
        log.write(b"ERROR-NUMBER-00009!\n")
    (read_on.watch.folder / "a.log.1").write_bytes(read_on.log.read_bytes())
    read_on.refill(b"ERROR-NUMBER-00001!\n", LINE * 2)
    for _ in range(20):
        read_on.grow()
    assert sorted(read_on.watch.told) == ["00001", "00009"]


def test_what_was_found_in_a_file_that_is_cut_right_after_it_was_read_is_told(
    read_on: ReadOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_another_run = likeness.is_another_run

    def cut_before(life: Life, fd: int) -> bool:
        read_on.log.write_bytes(b"")
        return is_another_run(life, fd)

    with read_on.log.open("ab") as log:
        log.write(b"ERROR-NUMBER-1!\n")
    monkeypatch.setattr(likeness, "is_another_run", cut_before)
    read_on.watch.hop(0.3)
    assert read_on.log.stat().st_size == 0
    assert read_on.watch.told == ["1"]


def test_what_was_read_on_is_compared_though_the_file_is_as_it_was_last_seen(read_on: ReadOn) -> None:
    """What is written within one tick of the file system's clock leaves its time as it is."""
    read_on.refill(b"ERROR-NUMBER-00001!\n")
    os.utime(read_on.log, ns=(0, read_on.life.mtime_ns))
    read_on.wait_told(QUIET_S + 1.0)
    assert read_on.watch.told == ["00001"]


def test_of_a_short_log_all_is_compared_when_it_grows_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_on = ReadOn(tmp_path, monkeypatch, lines=SHORT // len(LINE) // 2)
    read_on.refill(b"ERROR-NUMBER-00001!\n", LINE)
    read_on.wait_told(QUIET_S + 1.0)
    assert read_on.watch.told == ["00001"]
    read_on.watch.follower.close()


def test_a_link_that_leads_elsewhere_is_followed_though_its_directory_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    logs.mkdir()
    elsewhere.mkdir()
    (elsewhere / "current").symlink_to(logs / "a.log")
    read_on = ReadOn(logs, monkeypatch)
    (logs / "link.log").symlink_to(elsewhere / "current")
    read_on.grow()
    (elsewhere / "b").write_bytes(b"ERROR-NUMBER-1!\n")
    (elsewhere / "current").unlink()
    (elsewhere / "current").symlink_to(elsewhere / "b")
    for _ in range(int(ASKED_S / 0.3) + 2):
        read_on.grow()
    assert read_on.watch.told == ["1"]
    read_on.watch.follower.close()


# -- what glances have read


@pytest.fixture
def counted(read_on: ReadOn) -> ReadOn:
    """It is read on, and its life knows of all that was read so far."""
    while read_on.life.offset < read_on.log.stat().st_size:
        read_on.watch.hop(0.1)
    return read_on


def test_each_byte_counts_once_whenever_its_life_learns_of_it(counted: ReadOn) -> None:
    began, scanned = counted.log.stat().st_size, 0
    for _ in range(int(3 * ASKED_S / 0.3)):
        counted.grow()
        scanned += counted.watch.haul.scanned
    assert scanned == counted.log.stat().st_size - began
    counted.watch.pump.finish()
    assert counted.life.offset == counted.life.scanned == counted.log.stat().st_size


def test_an_error_is_told_as_it_stands_in_the_file(counted: ReadOn) -> None:
    counted.grow(b"step 1\n")
    counted.grow(b"step 2\n")
    before = counted.log.read_bytes()
    counted.grow(b"step 3\n", b"ERROR-NUMBER-1!\n", b"step 4\n")
    (_, finding), *others = counted.watch.haul.findings
    assert others == []
    assert finding.offset == len(before) + len(b"step 3\n")
    assert finding.line_number == before.count(b"\n") + 2
    assert finding.context[-5:] == ("step 1", "step 2", "step 3", "ERROR-NUMBER-1!", "step 4")


def test_an_error_that_is_written_in_two_pieces_is_told_once(counted: ReadOn) -> None:
    counted.grow(b"step 1\n", b"ERROR-NUM")
    counted.grow(b"BER-1!\n", b"step 2\n")
    for _ in range(20):
        counted.grow()
    assert counted.watch.told == ["1"]


def test_lines_whose_ends_are_written_later_are_read_on(counted: ReadOn) -> None:
    began = counted.log.stat().st_size
    scanned = 0
    for piece in (b"one\r\n", b"two\r", b"\nthree", b"\n10%\r", b"20%\r", b"done\n", b"ERROR-NUMBER-1!\r\n"):
        counted.grow(piece)
        scanned += counted.watch.haul.scanned
    assert counted.watch.told == ["1"]
    assert scanned == counted.log.stat().st_size - began


@pytest.mark.parametrize("lines", [1, LONG // 2, LONG, 2 * LONG])
def test_a_log_that_is_written_anew_between_two_glances_is_read_from_its_start(
    counted: ReadOn, lines: int
) -> None:
    counted.grow()
    with counted.log.open("r+b") as log:
        log.truncate(0)
        log.write(b"ERROR-NUMBER-1!\n" + b"another run's line\n" * lines)
    for _ in range(5):
        counted.grow()
    counted.grow(b"ERROR-NUMBER-2!\n")
    assert counted.watch.told == ["1", "2"]


def test_what_was_read_of_a_log_that_is_cut_counts_as_scanned(counted: ReadOn) -> None:
    scanned = 0
    for _ in range(3):
        counted.grow()
        scanned += counted.watch.haul.scanned
    life = counted.life
    counted.log.write_bytes(b"")
    haul = counted.watch.hop(0.3)
    assert (scanned + haul.scanned, haul.skipped) == (3 * len(LINE), {})
    assert life.scanned == life.offset == life.size


def test_what_was_read_of_a_log_that_is_renamed_is_not_read_again(counted: ReadOn) -> None:
    began = counted.log.stat().st_size
    scanned = 0
    for line in (b"ERROR-NUMBER-1!\n", b"step 1\n"):
        counted.grow(line)
        scanned += counted.watch.haul.scanned
    with counted.log.open("ab") as old:
        counted.log.rename(counted.log.with_name("a.log.1"))
        old.write(b"ERROR-NUMBER-2!\n")
    counted.log.write_bytes(b"ERROR-NUMBER-3!\n")
    for _ in range(10):
        scanned += counted.watch.hop(0.3).scanned
    written = counted.log.with_name("a.log.1").stat().st_size - began + counted.log.stat().st_size
    assert counted.watch.told == ["1", "2", "3"]
    assert scanned == written


def test_a_copy_of_a_log_that_goes_on_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sooner than the life of the log learns of what was read of it.
    monkeypatch.setattr(follow, "COPY_SETTLED_S", 0.5)
    read_on = ReadOn(tmp_path, monkeypatch, paths="*.log*")
    read_on.grow(b"ERROR-NUMBER-1!\n")
    read_on.grow()
    (tmp_path / "a.log.1").write_bytes(read_on.log.read_bytes())
    for _ in range(10):
        read_on.grow()
    assert read_on.watch.told == ["1"]
    assert read_on.watch.haul.files.total() == 2
    read_on.watch.follower.close()


def test_after_a_crash_what_glances_have_read_is_read_again_and_says_the_same(counted: ReadOn) -> None:
    counted.grow(b"ERROR-NUMBER-1!\n")
    lives = remembered(counted.watch.haul)
    where = [(life.key, finding.offset) for life, finding in counted.watch.haul.findings]
    counted.grow(b"step 1\n")
    again = Watch(counted.watch.folder, *lives, paths=[str(counted.log)])
    counted.grow(b"ERROR-NUMBER-2!\n")
    again.hop()
    assert again.told == ["2"]
    there = [(life.key, finding.offset) for life, finding in again.haul.findings]
    assert there == [(life.key, finding.offset) for life, finding in counted.watch.haul.findings]
    assert there[0][0] == where[0][0]
    again.follower.close()


def test_with_patterns_that_have_no_literal_each_line_is_searched(
    counted: ReadOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner = Scanner([Rule("test/error", r"(?P<n>\d)\d?[a-f]{2}")])
    monkeypatch.setattr(counted.watch.pump, "_scanner", lambda: scanner)
    for line in (b"12ab\n", LINE, b"3cd\n"):
        counted.grow(line)
    assert counted.watch.told == ["1", "3"]


def test_while_nothing_is_to_be_read_nothing_is_glanced_at(counted: ReadOn) -> None:
    counted.grow()
    with counted.log.open("ab") as log:
        log.write(b"ERROR-NUMBER-1!\n")
    counted.watch.hop(0.3, most=0)
    assert counted.watch.told == []
    counted.watch.hop(0.0)
    assert counted.watch.told == ["1"]


def test_when_the_clock_is_set_back_files_are_read_on(counted: ReadOn) -> None:
    counted.grow()
    counted.watch.hop(-3600)
    assert counted.life.changed_at <= counted.watch.now
    counted.grow(b"ERROR-NUMBER-1!\n")
    counted.grow()
    counted.grow(b"ERROR-NUMBER-2!\n")
    assert counted.watch.told == ["1", "2"]


def test_a_hint_brings_what_was_written_since_the_last_glance(counted: ReadOn) -> None:
    counted.grow()
    with counted.log.open("ab") as log:
        log.write(b"ERROR-NUMBER-1!\n")
    haul = counted.watch.pump.hop(counted.watch.now, [str(counted.log)], 1 << 20)
    assert [finding.match.captures["n"] for _, finding in haul.findings] == ["1"]


def test_a_glance_is_due_in_time_and_counts_as_a_read(counted: ReadOn) -> None:
    for _ in range(5):
        counted.grow()
        assert counted.watch.haul.reads == 1
        assert counted.watch.haul.next_due < counted.watch.now + 1.1 * HOT_S
    assert counted.life.offset < counted.log.stat().st_size


def test_where_the_kernel_tells_no_more_of_directories_files_are_looked_at(counted: ReadOn) -> None:
    counted.watch.follower._tree.is_heard = False
    counted.grow()
    counted.grow()
    assert counted.life.offset == counted.log.stat().st_size
