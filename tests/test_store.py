"""The store: one transaction for everything, and nothing lost to a bad disk without a word."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.errors import StateError
from logwatch.store import OUTBOX_KEPT, Batch, Store, StoredGeneration, StoredMessage

COUNTER = ("nccl/watchdog-timeout", "nccl", "timeout", "error", "train")


def generation(key: str, offset: int = 0) -> StoredGeneration:
    return StoredGeneration(key, "train", f"/logs/{key}.log", {"offset": offset}, seen_at=10.0)


def message(name: str, receiver: str = "oncall", kind: str = "opened", due: float = 0.0) -> StoredMessage:
    return StoredMessage(name, receiver, kind, "incident", {"n": name}, due_at=due, queued_at=due)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


def test_a_batch_is_found_again_after_a_restart(tmp_path: Path) -> None:
    """Positions, events, incidents, counts and messages come back together."""
    batch = Batch(
        generations=[generation("a", 42)],
        sources=["train"],
        events=[("e1", b"line 1\n")],
        counts={COUNTER: 3},
        incidents={"i1": {"count": 3}},
        messages=[message("m1")],
    )
    with Store(tmp_path) as first:
        first.commit(batch)
    with Store(tmp_path) as second:
        assert [generation("a", 42)] == second.generations()
        assert {"train"} == second.sources()
        assert second.unwritten(10) == [(1, "e1", b"line 1\n")]
        assert second.counters() == [(COUNTER, 3, False)]
        assert second.incidents() == [{"count": 3}]
        assert [m.id for m in second.due("oncall", 1.0, 10)] == ["m1"]


def test_a_batch_that_fails_leaves_nothing_behind(store: Store) -> None:
    """All of it or nothing: a body that cannot be stored takes the positions with it."""
    with pytest.raises(TypeError):
        store.commit(Batch(generations=[generation("a")], incidents={"i": {"bad": object()}}))
    assert store.generations() == []


def test_an_event_is_kept_once_however_often_it_is_committed(store: Store) -> None:
    store.commit(Batch(events=[("e1", b"1\n")]))
    store.commit(Batch(events=[("e1", b"again\n"), ("e2", b"2\n")]))
    assert [line for _, _, line in store.unwritten(10)] == [b"1\n", b"2\n"]
    assert {"e1", "e2"} == store.known_events(["e1", "e2", "e3"])


def test_written_events_are_not_given_out_again_but_still_known(store: Store) -> None:
    store.commit(Batch(events=[("e1", b"1\n"), ("e2", b"2\n")]))
    store.written(1)
    assert [event_id for _, event_id, _ in store.unwritten(10)] == ["e2"]
    assert {"e1"} == store.known_events(["e1"])


def test_counts_add_up_and_remember_that_they_were_exposed(store: Store) -> None:
    store.commit(Batch(events=[("e1", None)], counts={COUNTER: 2}))
    store.expose([COUNTER])
    store.commit(Batch(events=[("e2", None)], counts={COUNTER: 1}))
    assert store.counters() == [(COUNTER, 3, True)]


def test_that_a_series_was_exposed_is_written_once(store: Store) -> None:
    store.commit(Batch(events=[("e1", None)], counts={COUNTER: 2}))
    store.expose([COUNTER])
    written = store._db.total_changes
    store.expose([COUNTER])
    assert store._db.total_changes == written


def test_messages_are_given_out_when_due_in_order(store: Store) -> None:
    store.commit(Batch(messages=[message("late", due=50.0), message("first"), message("second")]))
    assert [m.id for m in store.due("oncall", 10.0, 10)] == ["first", "second"]
    assert store.next_due("oncall") == 0.0
    assert store.next_due("nobody") is None


def test_a_message_put_off_comes_back_with_its_tries_counted(store: Store) -> None:
    store.commit(Batch(messages=[message("m")]))
    store.put_off("m", "oncall", until=100.0, why="503")
    assert store.due("oncall", 99.0, 10) == []
    assert [m.attempts for m in store.due("oncall", 100.0, 10)] == [1]
    assert store.waiting() == {"oncall": (1, "503")}


def test_a_newer_update_takes_the_place_of_one_that_still_waits(store: Store) -> None:
    """A receiver that was away hears the latest, and the opening."""
    store.commit(Batch(messages=[message("opened"), message("u1", kind="updated")]))
    store.commit(Batch(messages=[message("u2", kind="updated")]))
    assert [m.id for m in store.due("oncall", 1.0, 10)] == ["opened", "u2"]


def test_what_a_receiver_remembers_comes_with_later_messages_of_the_incident(store: Store) -> None:
    store.commit(Batch(messages=[message("m1")]))
    store.sent("m1", "oncall", "incident", {"ts": "171.5"})
    store.commit(Batch(messages=[message("m2")]))
    assert [m.memory for m in store.due("oncall", 1.0, 10)] == [{"ts": "171.5"}]


def test_a_disabled_receiver_loses_its_messages_and_is_remembered(store: Store) -> None:
    store.commit(Batch(messages=[message("m"), message("m", receiver="other")]))
    store.disable("oncall", "fingerprint", "410 Gone")
    assert store.disabled() == {"oncall": ("fingerprint", "410 Gone")}
    assert store.waiting() == {"other": (1, "")}
    store.enable("oncall")
    assert store.disabled() == {}


def test_the_outbox_of_a_receiver_is_bounded(store: Store) -> None:
    """The newest messages stay: a receiver that is back wants to know how things are."""
    store.commit(Batch(messages=[message(f"m{n}") for n in range(OUTBOX_KEPT + 5)]))
    assert store.waiting()["oncall"][0] == OUTBOX_KEPT
    assert [m.id for m in store.due("oncall", 1.0, 1)] == ["m5"]


def test_a_second_daemon_is_refused_by_name_of_the_first(tmp_path: Path) -> None:
    with (
        Store(tmp_path),
        pytest.raises(StateError, match=rf"in use by another logwatch \(pid {os.getpid()}\)"),
    ):
        Store(tmp_path)


def test_a_state_directory_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="name another state_dir"):
        Store(tmp_path / "file" / "state")


@pytest.mark.parametrize("damage", [b"", b"\0" * 8192, b"not a database, not at all" * 400])
def test_damage_falls_back_to_the_copy_of_the_last_clean_stop(tmp_path: Path, damage: bytes) -> None:
    """An empty file is no damage to SQLite, but it is no state either: the copy serves in both cases."""
    with Store(tmp_path) as first:
        first.commit(Batch(generations=[generation("a", 7)]))
    (tmp_path / "state.db").write_bytes(damage)
    with Store(tmp_path) as second:
        assert [generation("a", 7)] == second.generations()
        assert "going on with the copy" in second.warnings[0]
        second.commit(Batch(generations=[generation("b")]))


def test_damage_without_a_copy_begins_anew_and_says_so(tmp_path: Path) -> None:
    tmp_path.joinpath("state.db").write_bytes(b"\xff" * 4096)
    with Store(tmp_path) as store:
        assert store.generations() == []
        assert "an empty state" in store.warnings[0]
    assert tmp_path.joinpath("state.db.unusable-1").exists()


def test_a_state_of_a_newer_version_is_kept_aside(tmp_path: Path) -> None:
    with Store(tmp_path) as first:
        first.commit(Batch(generations=[generation("a")]))
    (tmp_path / "state.db.bak").unlink()
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("PRAGMA user_version = 99")
    with Store(tmp_path) as store:
        assert "has schema 99" in store.warnings[0]
        assert store.generations() == []


DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from logwatch.store import Batch, Store, StoredGeneration
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
def put(n):
    lives = [StoredGeneration(f"g{i}", "s", "/p" * 200, {}, 0.0) for i in range(n)]
    store.commit(Batch(generations=lives))
put(1)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
put(500)
print("full", store.on_disk, len(store.generations()), store.settle(), bool(store.warnings))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print("space", store.settle(), store.on_disk, len(store.generations()))
store.close()
"""


def test_a_disk_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    """The state goes on in memory, says so, and returns to the disk when it can."""
    said = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert said.stdout.splitlines() == ["full False 500 False True", "space True True 500"]
    with Store(tmp_path) as store:
        assert len(store.generations()) == 500


ANY_CHANGE = """
import resource, signal, sys
from pathlib import Path
from logwatch.store import Batch, Store, StoredMessage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
key = ("a/b", "a", "c", "error", "s")
message = StoredMessage("m", "hook", "opened", "i", {}, 0.0, 0.0)
store.commit(Batch(events=[("e", b"line")], counts={key: 1}, messages=[message]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
eval(sys.argv[2])
print(store.on_disk, len(store.unwritten(9)), store.waiting(), [seen for _, _, seen in store.counters()])
"""


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("store.written(1)", "False 0 {'hook': (1, '')} [False]"),
        ("store.expose([key])", "False 1 {'hook': (1, '')} [True]"),
        ("store.sent('m', 'hook', 'i', {'ts': '1'})", "False 1 {} [False]"),
        ("store.put_off('m', 'hook', 9.0, 'why')", "False 1 {'hook': (1, 'why')} [False]"),
        ("store.give_up('m', 'hook')", "False 1 {} [False]"),
        ("store.disable('hook', 'f', 'why')", "False 1 {} [False]"),
    ],
)
def test_whatever_finds_the_disk_full_goes_on_in_memory(tmp_path: Path, change: str, left: str) -> None:
    command = [sys.executable, "-c", ANY_CHANGE, str(tmp_path), change]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert (said.stdout.strip(), said.returncode) == (left, 0), said.stderr


KILLED = """
import sys
from pathlib import Path
from logwatch.store import Batch, Store, StoredGeneration
store = Store(Path(sys.argv[1]))
n = 0
while True:
    n += 1
    life = StoredGeneration("a", "s", "/p", {"n": n}, 0.0)
    store.commit(Batch(generations=[life], events=[(f"e{n}", b"x")]))
    print(n, flush=True)
"""


def test_a_killed_daemon_leaves_positions_and_events_that_agree(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(50)][-1]
        writer.send_signal(signal.SIGKILL)
    with Store(tmp_path) as store:
        (found,) = store.generations()
        assert found.body["n"] >= told
        assert len(store.unwritten(100_000)) == found.body["n"]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        Store(tmp_path).close()
    assert before == len(os.listdir("/proc/self/fd"))
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > before
