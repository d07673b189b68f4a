"""The journal: every entry once, over restarts, boots and what journald has thrown away."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import ENTRY_ID, REGEX, until
from journals import REMOTE, FakeJournal, RealJournal
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail.journald import Journal, JournalFeed
from logwatch.tail.pump import Haul, Remembered

NEEDS_TOOLS = pytest.mark.skipif(not REMOTE.exists(), reason="systemd-journal-remote is not installed")


class Reader:
    """A feed with what a daemon would remember of it."""

    def __init__(self, directory: str, **journal: Any) -> None:
        self._journal = Journal("kernel", directory=directory, **journal)
        self.told: Counter[str] = Counter()
        self.hauls: list[Haul] = []
        self.remembered: dict[str, Remembered] = {}
        self.now = 1_800_000_000.0
        self._scanner = Scanner([Rule(ENTRY_ID, REGEX)])
        self.feed = self._begin(known_source=False)

    def hop(self, most: int = 1 << 20) -> Haul:
        haul = self.feed.hop(self.now, (), most)
        self.hauls.append(haul)
        for _, finding in haul.findings:
            self.told[finding.match.captures["token"]] += 1
        self.remembered |= {life.key: life for life in haul.lives}
        for key in haul.ended:
            self.remembered.pop(key, None)
        self.now = max(self.now + 0.01, haul.next_due if math.isfinite(haul.next_due) else 0.0)
        return haul

    def read_until(self, condition: Callable[[], Any], what: str) -> None:
        def holds() -> Any:
            self.hop()
            return condition()

        until(holds, what)

    def wait_told(self, *tokens: str) -> None:
        self.read_until(lambda: set(tokens) <= self.told.keys(), f"{tokens}")

    def restart(self, *, once: bool = False, **journal: Any) -> None:
        """As after a kill: only what was remembered is known."""
        self.feed.close()
        if journal:
            self._journal = Journal("kernel", directory=self._journal.directory, **journal)
        self.feed = self._begin(known_source=True, once=once)

    def total(self, counts: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for haul in self.hauls:
            found.update(getattr(haul, counts))
        return found

    def _begin(self, *, known_source: bool, once: bool = False) -> JournalFeed:
        feed = JournalFeed(self._journal, lambda: self._scanner, "any", follow=not once)
        feed.restore(list(self.remembered.values()), known_source=known_source)
        return feed


def token(number: int) -> str:
    return f"k:{number}"


def said(number: int) -> str:
    return f"TELLTALE {token(number)}! lost"


@pytest.fixture(params=["stand-in", pytest.param("systemd", marks=NEEDS_TOOLS)])
def journal(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeJournal | RealJournal:
    return FakeJournal(tmp_path, monkeypatch) if request.param == "stand-in" else RealJournal(tmp_path)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournal:
    return FakeJournal(tmp_path, monkeypatch)


@pytest.fixture
def reading() -> Iterator[Callable[..., Reader]]:
    readers: list[Reader] = []

    def begin(journal: FakeJournal | RealJournal, **settings: Any) -> Reader:
        readers.append(Reader(journal.directory, **settings))
        return readers[-1]

    yield begin
    for reader in readers:
        reader.feed.close()


Begin = Callable[..., Reader]


def test_what_is_there_and_what_comes_is_read_once(
    journal: FakeJournal | RealJournal, reading: Begin
) -> None:
    journal.write(said(0))
    # Not the present boot of this machine: one that was remembered goes on over boots.
    reader = reading(journal)
    reader.remembered = {"old": Remembered("old", "kernel", "journal", {**_nothing_yet(), "since": 1})}
    reader.restart()
    reader.wait_told(token(0))
    journal.write(said(1))
    journal.write("nothing of note")
    journal.write(said(2))
    reader.wait_told(token(1), token(2))
    assert set(reader.told.values()) == {1}


def test_a_restart_goes_on_after_the_last_entry(journal: FakeJournal | RealJournal, reading: Begin) -> None:
    reader = _reader_of_three(journal, reading)
    journal.write(said(3))
    reader.restart()
    reader.wait_told(token(3))
    assert set(reader.told.values()) == {1}
    assert not reader.total("gaps")


def test_entries_of_several_boots_follow_each_other_in_generations_of_their_own(
    journal: FakeJournal | RealJournal, reading: Begin
) -> None:
    """A node that died says why in its last words: they are read after it has come back."""
    reader = _reader_of_three(journal, reading)
    reader.feed.close()
    journal.write(said(3))
    journal.reboot()
    journal.write(said(4))
    reader.restart()
    reader.wait_told(token(3), token(4))
    assert set(reader.told.values()) == {1}
    assert reader.total("happened")["boot"] == 1
    assert not reader.total("gaps")
    [(old, _), (new, _)] = [found for haul in reader.hauls for found in haul.findings][-2:]
    assert (old.number, new.number) == (1, 2)
    assert old.key != new.key
    assert [life.body["number"] for life in reader.remembered.values()] == [2]


def test_a_position_that_the_journal_has_dropped_is_counted_and_nothing_is_told_twice(
    journal: FakeJournal | RealJournal, reading: Begin
) -> None:
    reader = _reader_of_three(journal, reading)
    reader.feed.close()
    for number in range(3, 6):
        journal.write(said(number))
    journal.forget(4)
    reader.restart()
    reader.wait_told(token(4), token(5))
    assert reader.total("gaps") == {"cursor_lost": 1}
    assert reader.told == {token(n): 1 for n in (0, 1, 2, 4, 5)}


def test_only_what_is_there_is_read_to_its_end(journal: FakeJournal | RealJournal, reading: Begin) -> None:
    reader = _reader_of_three(journal, reading)
    journal.write(said(3))
    reader.restart(once=True)
    reader.read_until(lambda: reader.feed.is_caught_up, "the end")
    assert reader.told == {token(n): 1 for n in range(4)}
    assert reader.feed.readable is None


def test_of_a_journal_that_was_wiped_only_the_new_is_told(fake: FakeJournal, reading: Begin) -> None:
    """The cursor lies beyond all that there is: journalctl shows nothing and says nothing."""
    reader = _reader_of_three(fake, reading)
    reader.feed.close()
    fake.forget(3)
    reader.restart()
    reader.read_until(lambda: reader.total("gaps"), "the gap to be seen")
    fake.write(said(3))
    reader.wait_told(token(3))
    assert set(reader.told.values()) == {1}
    assert reader.total("gaps") == {"cursor_lost": 1}


def test_another_filter_is_no_gap(fake: FakeJournal, reading: Begin) -> None:
    reader = _reader_of_three(fake, reading)
    reader.feed.close()
    fake.write(said(3), _SYSTEMD_UNIT="slurmd.service", _PID="7", _TRANSPORT="journal")
    reader.restart(units=["slurmd.service"])
    reader.wait_told(token(3))
    assert not reader.total("gaps")
    assert set(reader.told.values()) == {1}


def test_the_first_time_reading_begins_with_the_present_boot(fake: FakeJournal, reading: Begin) -> None:
    fake.write(said(0))
    fake.reboot()
    fake.write(said(1))
    reader = reading(fake)
    reader.wait_told(token(1))
    assert reader.told == {token(1): 1}


def test_the_first_time_reading_may_begin_with_what_comes(fake: FakeJournal, reading: Begin) -> None:
    """Also when nothing has come before the daemon is started again."""
    fake.write(said(0))
    reader = reading(fake, from_end=True)
    reader.read_until(lambda: reader.feed.is_caught_up, "the end")
    reader.restart(from_end=True)
    reader.read_until(lambda: reader.feed.is_caught_up, "the end")
    assert not reader.told
    assert "--boot" not in fake.calls()[-1]
    assert f"--since=@{1_800_000_000}" in fake.calls()[-1]


def test_only_the_kernel_or_some_units_are_asked_for(fake: FakeJournal, reading: Begin) -> None:
    fake.write(said(0), _SYSTEMD_UNIT="a.service", _TRANSPORT="stdout")
    fake.write(said(1))
    fake.write(said(2), _SYSTEMD_UNIT="b.service", _TRANSPORT="stdout")
    kernel = reading(fake, kernel=True)
    kernel.wait_told(token(1))
    unit = reading(fake, units=["b.service"])
    unit.wait_told(token(2))
    assert (kernel.told, unit.told) == ({token(1): 1}, {token(2): 1})


def test_a_finding_says_what_the_journal_knows_of_its_writer(fake: FakeJournal, reading: Begin) -> None:
    fake.write("before")
    fake.write(
        f"{said(0)}\n  second line", _SYSTEMD_UNIT="train.service", _PID="812", SYSLOG_IDENTIFIER="python3"
    )
    fake.write("after")
    reader = reading(fake)
    reader.wait_told(token(0))
    [(generation, finding)] = [found for haul in reader.hauls for found in haul.findings]
    assert generation.path == "journal"
    assert finding.labels == {"unit": "train.service", "pid": "812", "host": "node7"}
    assert finding.match.text.endswith(f"Z node7 python3[812]: {said(0)}")
    assert finding.line_number == 2
    assert [line.split(": ", 1)[1] for line in finding.context] == [
        "before", said(0), "  second line", "after",
    ]  # fmt: skip


def test_an_entry_that_is_too_long_is_cut_and_counted(fake: FakeJournal, reading: Begin) -> None:
    fake.write(said(0) + "." * 4000)
    fake.write("x" * 300_000)
    fake.write(said(1))
    reader = reading(fake, max_record=1000)
    reader.wait_told(token(1))
    assert reader.told == {token(0): 1, token(1): 1}
    assert reader.total("happened")["overlong"] >= 2
    assert reader.total("skipped")["overlong"] > 302_000


def test_a_program_that_fails_is_named_and_tried_again(fake: FakeJournal, reading: Begin) -> None:
    fake.write(said(0))
    fake.break_down("No journal files were opened due to insufficient permissions.")
    reader = reading(fake)
    reader.read_until(lambda: reader.hauls[-1].problems, "the failure to be seen")
    assert "insufficient permissions" in reader.hauls[-1].problems["journal"]
    fake.mend()
    reader.wait_told(token(0))
    assert reader.hauls[-1].problems == {}


def test_a_missing_program_is_named(
    fake: FakeJournal, reading: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    reader = reading(fake)
    reader.hop()
    assert reader.hauls[-1].problems == {"journal": "journalctl: is not installed"}


def test_what_another_type_of_source_has_left_is_forgotten(fake: FakeJournal, reading: Begin) -> None:
    reader = reading(fake)
    reader.remembered = {"file": Remembered("file", "kernel", "/var/log/kern.log", {"file": [1, 2, 3]})}
    reader.restart()
    reader.hop()
    assert "file" not in reader.remembered


def _reader_of_three(journal: FakeJournal | RealJournal, reading: Begin) -> Reader:
    """A reader that has read three entries, all that there are."""
    for number in range(3):
        journal.write(said(number))
    reader = reading(journal)
    reader.remembered = {"new": Remembered("new", "kernel", "journal", {**_nothing_yet(), "since": 1})}
    reader.restart()
    reader.wait_told(*map(token, range(3)))
    return reader


def _nothing_yet() -> dict[str, Any]:
    return {
        "number": 0, "boot": "", "cursor": "", "uptime_us": 0, "filter": [], "offset": 0, "lines": 0, "since": 0,
    }  # fmt: skip
