"""The kernel's log: every record once, by its number; what was overwritten is counted."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import ENTRY_ID, REGEX
from logwatch.scan.index import Rule
from logwatch.scan.prefix import labels_of, log_time
from logwatch.scan.scanner import Scanner
from logwatch.tail import kmsg
from logwatch.tail.kmsg import KernelFeed, KernelLog, message_of
from logwatch.tail.pump import Haul, Remembered

NOW = 1_800_000_000.0
UPTIME = 5000.0
DEVICE = Path("/dev/kmsg")


def record(number: int, text: str = "", *, facility: int = 0, uptime_s: float = 4000.0) -> bytes:
    text = text or f"TELLTALE k:{number}! lost"
    body = f"{facility << 3 | 3},{number},{int(uptime_s * 1e6)},-;{text}\n"
    return body.encode() + b" SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n"


class Kernel:
    """A ring buffer of `room` records. A reader who is overtaken is told so once, as the kernel does."""

    def __init__(self, room: int = 1000) -> None:
        self.boot = "boot-1"
        self._records: deque[tuple[int, bytes]] = deque(maxlen=room)
        self._next = 0
        self._reader_at = 0

    def say(self, count: int = 1, text: str = "") -> None:
        for _ in range(count):
            self._records.append((self._next, record(self._next, text)))
            self._next += 1

    def reboot(self) -> None:
        self.boot = "boot-2"
        self._records.clear()
        self._next = 0

    def opened(self) -> None:
        self._reader_at = self._records[0][0] if self._records else self._next

    def read(self, _fd: int, size: int) -> bytes:
        assert size >= 8192
        oldest = self._records[0][0] if self._records else self._next
        if self._reader_at < oldest:
            self._reader_at = oldest
            raise BrokenPipeError
        if self._reader_at == self._next:
            raise BlockingIOError
        data = self._records[self._reader_at - oldest][1]
        self._reader_at += 1
        return data


class Reader:
    def __init__(self, kernel: Kernel, *, from_end: bool = False) -> None:
        self.kernel = kernel
        self.told: Counter[str] = Counter()
        self.hauls: list[Haul] = []
        self.remembered: dict[str, Remembered] = {}
        self._log = KernelLog("kernel", "node7", device=os.devnull, from_end=from_end)
        self._scanner = Scanner([Rule(ENTRY_ID, REGEX)])
        self._begin(known_source=False)

    def hop(self, most: int = 1 << 20) -> Haul:
        haul = self.feed.hop(NOW, (), most)
        self.hauls.append(haul)
        self.told.update(finding.match.captures["token"] for _, finding in haul.findings)
        self.remembered |= {life.key: life for life in haul.lives}
        for key in haul.ended:
            self.remembered.pop(key, None)
        return haul

    def restart(self) -> None:
        """As after a kill: only what was remembered is known."""
        self.feed.close()
        self._begin(known_source=True)

    def total(self, counts: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for haul in self.hauls:
            found.update(getattr(haul, counts))
        return found

    def _begin(self, *, known_source: bool) -> None:
        self.kernel.opened()
        self.feed = KernelFeed(
            self._log,
            lambda: self._scanner,
            "kernel",
            this_boot=lambda: self.kernel.boot,
            uptime=lambda: UPTIME,
            read=self.kernel.read,
        )
        self.feed.restore(list(self.remembered.values()), known_source=known_source)


def tokens(numbers: Iterable[int]) -> dict[str, int]:
    return {f"k:{number}": 1 for number in numbers}


def test_every_record_is_told_once() -> None:
    kernel = Kernel()
    kernel.say(3)
    reader = Reader(kernel)
    reader.hop()
    kernel.say(2)
    reader.hop()
    assert reader.told == tokens(range(5))
    assert reader.feed.is_caught_up


def test_a_restart_goes_on_after_the_last_record() -> None:
    """The device is read from its first record each time; the numbers say which are known."""
    kernel = Kernel()
    kernel.say(3)
    reader = Reader(kernel)
    reader.hop()
    reader.restart()
    kernel.say(2)
    reader.hop()
    assert reader.told == tokens(range(5))
    assert not reader.total("gaps")


def test_a_reader_that_forgot_all_gives_the_same_names() -> None:
    kernel = Kernel()
    kernel.say(3)
    first, second = Reader(kernel), Reader(kernel)
    names = [
        [(generation.key, finding.offset) for generation, finding in reader.hop().findings]
        for reader in (first, second)
        if kernel.opened() is None
    ]
    assert names[0] == names[1] != []


def test_what_was_overwritten_is_counted() -> None:
    kernel = Kernel(room=10)
    kernel.say(5)
    reader = Reader(kernel)
    reader.hop()
    kernel.say(30)
    reader.hop()
    assert reader.told == tokens([*range(5), *range(25, 35)])
    assert reader.total("gaps") == {"overrun": 1}
    per_record = reader.hauls[0].scanned // 5
    assert reader.total("skipped")["overrun"] == pytest.approx(20 * per_record, abs=20)


def test_what_was_overwritten_while_nobody_read_is_counted() -> None:
    kernel = Kernel(room=10)
    kernel.say(5)
    reader = Reader(kernel)
    reader.hop()
    kernel.say(30)
    reader.restart()
    reader.hop()
    assert reader.total("gaps") == {"overrun": 1}
    assert reader.told == tokens([*range(5), *range(25, 35)])


def test_what_was_overwritten_before_the_first_time_is_no_loss() -> None:
    kernel = Kernel(room=10)
    kernel.say(30)
    reader = Reader(kernel)
    reader.hop()
    assert reader.told == tokens(range(20, 30))
    assert not reader.total("gaps")


def test_another_boot_is_another_generation_and_read_from_its_start() -> None:
    kernel = Kernel()
    kernel.say(3)
    reader = Reader(kernel)
    reader.hop()
    kernel.reboot()
    kernel.say(2)
    reader.restart()
    [(old, _), *_] = reader.hauls[0].findings
    [(new, _), _] = reader.hop().findings
    assert (old.number, new.number) == (1, 2)
    assert old.key != new.key
    assert reader.total("happened")["boot"] == 1
    assert [life.body["number"] for life in reader.remembered.values()] == [2]


def test_the_first_time_reading_may_begin_with_what_comes() -> None:
    kernel = Kernel()
    kernel.say(3)
    reader = Reader(kernel, from_end=True)
    reader.hop()
    reader.restart()
    kernel.say()
    reader.hop()
    assert reader.told == tokens([3])
    assert reader.total("skipped")["start_at_end"] > 0


def test_a_hop_reads_no_more_than_it_is_asked_for() -> None:
    kernel = Kernel()
    kernel.say(100)
    reader = Reader(kernel)
    haul = reader.hop(most=500)
    assert 0 < len(haul.findings) < 100
    assert not reader.feed.is_caught_up
    while not reader.feed.is_caught_up:
        reader.hop(most=500)
    assert reader.told == tokens(range(100))


def test_a_record_reads_as_in_a_syslog_file() -> None:
    kernel = Kernel()
    kernel.say()
    kernel.say(text="line one\\x0a  TELLTALE k:77! lost\\x09tab")
    reader = Reader(kernel)
    [(_, first), (_, second)] = reader.hop().findings
    assert first.match.text.endswith("Z node7 kernel: TELLTALE k:0! lost")
    assert log_time(first.match.text, NOW) == pytest.approx(NOW - UPTIME + 4000.0)
    assert labels_of(first.match.text) == {"host": "node7"}
    assert (first.offset, first.line_number) == (0, 1)
    assert second.match.text.endswith("kernel:   TELLTALE k:77! lost\ttab")
    assert (second.offset, second.line_number) == (1, 2)


def test_what_a_program_writes_there_does_not_pass_for_the_kernel() -> None:
    message = message_of(record(7, "systemd[1]: Stopped", facility=3))
    assert (message.facility, message.number, message.text) == (3, 7, b"systemd[1]: Stopped")


def test_what_is_no_record_is_counted() -> None:
    kernel = Kernel()
    kernel.say()
    answers: list[Callable[[], bytes]] = [lambda: b"nonsense", lambda: kernel.read(0, 8192)]
    reader = Reader(kernel)
    reader.feed._read_record = lambda fd, size: answers.pop(0)() if answers else kernel.read(fd, size)
    reader.hop()
    assert reader.total("skipped") == {"malformed": 8}
    assert reader.told == tokens([0])


@pytest.mark.parametrize(
    ("error", "said"), [(PermissionError(1, "no"), "CAP_SYSLOG"), (OSError(19, "No such device"), "No such")]
)
def test_a_device_that_cannot_be_read_is_named_and_opened_again(error: OSError, said: str) -> None:
    kernel = Kernel()
    kernel.say()

    def fail(*_: Any) -> bytes:
        raise error

    reader = Reader(kernel)
    working, reader.feed._read_record = reader.feed._read_record, fail
    haul = reader.hop()
    assert said in haul.problems[os.devnull]
    assert haul.next_due > NOW
    reader.feed._read_record = working
    reader.feed._open_at = NOW
    assert not reader.hop().problems
    assert reader.told == tokens([0])


def test_a_hidden_boot_id_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As ProcSubset=pid of a systemd unit hides it. Without it, boots could not be told apart."""
    monkeypatch.setattr(kmsg, "_BOOT_ID", tmp_path / "boot_id")
    feed = KernelFeed(KernelLog("kernel", "here", os.devnull), lambda: Scanner([]), "kernel")
    haul = feed.hop(NOW, (), 1 << 20)
    assert "ProcSubset=all" in haul.problems[os.devnull]


@pytest.mark.skipif(not os.access(DEVICE, os.R_OK), reason="/dev/kmsg cannot be read here")
def test_the_kernel_of_this_machine_is_understood() -> None:
    feed = KernelFeed(KernelLog("kernel", "here"), lambda: Scanner([Rule(ENTRY_ID, REGEX)]), "kernel")
    feed.restore([], known_source=False)
    haul = feed.hop(NOW, (), 1 << 24)
    feed.close()
    assert haul.problems == {}
    assert not haul.skipped["malformed"]
    assert haul.lives
