"""What is kept of a catalogue is as good as reading it anew, and never outlives what it was made of."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logwatch.catalogue import kept
from logwatch.catalogue import load as loading
from logwatch.catalogue import recall as recalling
from logwatch.catalogue.cache import MOST_KEPT, put, take
from logwatch.catalogue.folders import shipped_folder
from logwatch.catalogue.kept import Known
from logwatch.catalogue.recall import bring, recall
from logwatch.errors import CatalogueError
from logwatch.scan.scanner import Scanner

from .records import ID, LINE, good_record, write

# By then everything that a test has written has settled.
LATER = 4_000_000_000.0
EDGE = {
    "name": "lost-then-quiet",
    "cause": ID,
    "effect": "a/quiet",
    "scope": "node",
    "within": 60,
    "note": "a GPU that is gone says nothing",
    "source": "seen",
}


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    write(folder, good_record(aliases=["nvidia/fell-off"], unheard_of="x"))
    write(folder, good_record(id="a/quiet", regex="nothing is said any more"))
    write(folder, {"edges": [EDGE]}, "_edges")
    write(folder, {"classes": [{"ids": [ID], "class": "hardware", "why": "it is"}]}, "_classes")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One item for each time that records were read."""
    read: list[Any] = []
    real = loading.load

    def load(folders: Any, **options: Any) -> Any:
        read.append(folders)
        return real(folders, **options)

    monkeypatch.setattr(loading, "load", load)
    return read


def all_of(known: Known) -> dict[str, Any]:
    catalogue = known.catalogue
    return {
        "entries": dict(catalogue.entries),
        "aliases": dict(catalogue.aliases),
        "files": dict(catalogue.files),
        "warnings": catalogue.warnings,
        "version": catalogue.version,
        "overridden": dict(catalogue.overridden),
        "edges": catalogue.edges,
        "rules": [(indexed.rule, indexed.ways) for indexed in known.index.rules],
        "tables": known.index.tables,
    }


def test_the_second_time_nothing_is_read_and_everything_is_the_same(
    records: Path, cache: Path, reads: list[Any]
) -> None:
    first = recall([records], cache=cache, now=LATER)
    second = recall([records], cache=cache, now=LATER)
    assert len(reads) == 1
    assert all_of(second) == all_of(first)
    assert second.catalogue.warnings
    assert Scanner(second.index).scan(LINE.encode()) == Scanner(first.index).scan(LINE.encode())


def test_of_several_folders_what_overrides_what_is_kept_too(
    records: Path, cache: Path, tmp_path: Path
) -> None:
    write(tmp_path / "own", good_record(category="mine"))
    folders = [records, tmp_path / "own"]
    first, second = (recall(folders, cache=cache, now=LATER) for _ in range(2))
    assert all_of(second) == all_of(first)
    assert dict(second.catalogue.overridden) == {ID: records / f"{ID}.json"}


def test_entries_are_taken_apart_when_they_are_asked_for(records: Path, cache: Path) -> None:
    recall([records], cache=cache, now=LATER)
    entries = recall([records], cache=cache, now=LATER).catalogue.entries
    (records / f"{ID}.json").unlink()
    assert ID in entries
    assert len(entries) == 2
    assert entries[ID].id == ID
    assert entries[ID] is entries[ID]
    assert "no/such" not in entries
    with pytest.raises(KeyError):
        entries["no/such"]


def same_size_same_times(records: Path) -> None:
    path = records / f"{ID}.json"
    about = path.stat()
    path.write_text(path.read_text().replace("Drain the node", "Erase the node"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size


@pytest.mark.parametrize(
    "change",
    [
        same_size_same_times,
        lambda records: write(records, good_record(id="b/new", regex="quite another thing")),
        lambda records: (records / "a/quiet.json").rename(records / "a/still.json"),
        lambda records: write(records, {"edges": []}, "_edges"),
    ],
)
def test_whatever_changes_is_read_anew(
    records: Path, cache: Path, reads: list[Any], change: Callable[[Path], object]
) -> None:
    before = recall([records], cache=cache, now=LATER)
    change(records)
    assert all_of(recall([records], cache=cache, now=LATER)) != all_of(before)
    assert len(reads) == 2


def test_a_record_that_may_change_within_one_tick_of_a_clock_is_not_relied_upon(
    records: Path, cache: Path, reads: list[Any]
) -> None:
    written = (records / f"{ID}.json").stat().st_mtime
    for _ in range(2):
        recall([records], cache=cache, now=written + 1)
    assert len(reads) == 2


def test_mistakes_are_told_every_time(records: Path, cache: Path) -> None:
    write(records, good_record(id="b/bad", regex="("))
    for _ in range(2):
        with pytest.raises(CatalogueError, match="does not compile"):
            recall([records], cache=cache, now=LATER)


def test_mistakes_are_told_of_a_folder_that_is_not_there(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is not a folder"):
        recall([tmp_path / "gone"], cache=cache, now=LATER)


# --- what lies in the cache --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_damaged_is_made_anew(records: Path, cache: Path, data: st.DataObject) -> None:
    expected = all_of(recall([records], cache=cache, now=LATER))
    (kept,) = cache.iterdir()
    whole = bytearray(kept.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
    kept.write_bytes(whole)
    assert all_of(recall([records], cache=cache, now=LATER)) == expected


def test_the_folder_is_ours_alone(records: Path, cache: Path) -> None:
    recall([records], cache=cache, now=LATER)
    assert cache.stat().st_mode & 0o777 == 0o700


def test_what_others_could_have_written_is_not_believed(records: Path, cache: Path, reads: list[Any]) -> None:
    recall([records], cache=cache, now=LATER)
    cache.chmod(0o777)
    recall([records], cache=cache, now=LATER)
    assert len(reads) == 2


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_cache_that_cannot_be_had_is_no_error(records: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = tmp_path / "file" if place == "a file" else tmp_path / "file/below"
    assert ID in recall([records], cache=cache, now=LATER).catalogue.entries


def test_what_was_used_longest_ago_gives_way(cache: Path) -> None:
    for number in range(MOST_KEPT + 2):
        put(cache, str(number), lambda: b"x")
        os.utime(cache / f"{number}.kept", (number, number))
        # Used again, the first one is the latest.
        take(cache, "0")
    assert {path.stem for path in cache.iterdir()} == {"0", *map(str, range(3, MOST_KEPT + 2))}


def test_nothing_is_left_of_what_could_not_be_made(cache: Path) -> None:
    def fail() -> bytes:
        raise FileNotFoundError

    put(cache, "a", fail)
    assert list(cache.iterdir()) == []


# --- what a wheel brings -----------------------------------------------------------------------------


@pytest.fixture
def wheel(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recalling, "shipped_folder", lambda: records)
    monkeypatch.setattr(recalling, "BROUGHT", tmp_path / "seeds.kept")
    bring()
    return records


def test_a_first_start_takes_what_the_wheel_brought(wheel: Path, cache: Path, reads: list[Any]) -> None:
    wheel.rename(wheel.with_name("elsewhere"))
    wheel.symlink_to("elsewhere")
    reads.clear()
    brought = recall([wheel], cache=cache, now=LATER)
    kept = recall([wheel], cache=cache, now=LATER)
    assert not reads
    assert all_of(brought) == all_of(kept) == all_of(recalling._made([wheel], ()))


def test_what_the_wheel_brought_is_not_taken_for_other_records(wheel: Path, reads: list[Any]) -> None:
    reads.clear()
    same_size_same_times(wheel)
    known = recall([wheel], cache=None, now=LATER)
    assert len(reads) == 1
    assert known.catalogue.entries[ID].workarounds[0].action.startswith("Erase")


# --- the shipped catalogue ---------------------------------------------------------------------------


def test_the_shipped_catalogue_is_the_same_when_kept(cache: Path) -> None:
    folder = shipped_folder()
    first, second = (recall([folder], cache=cache, proven=[folder], now=LATER) for _ in range(2))
    assert all_of(second) == all_of(first)


QUIET_SCAN = """
import sys
from logwatch.cli.main import main
try:
    main(["scan", sys.argv[1]])
except SystemExit as ended:
    print(ended.code, *sorted({"pydantic", "packaging", "regex", "yaml", "aiohttp", "asyncio"} & set(sys.modules)))
"""


def test_a_scan_that_finds_nothing_imports_nothing_that_is_slow(tmp_path: Path, cache: Path) -> None:
    log = tmp_path / "ok.log"
    log.write_text(json.dumps({"step": 1}) + "\n")
    folder = shipped_folder()
    recall([folder], cache=cache, proven=[folder], now=LATER)
    told = subprocess.run(
        [sys.executable, "-c", QUIET_SCAN, str(log)],
        env={**os.environ, "LOGWATCH_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == "0"


def test_entries_that_were_asked_for_last_are_at_hand_and_no_others() -> None:
    made: list[int] = []
    entries = kept.Lazily(map(str, range(3 * kept.MANY_MADE)), lambda name: made.append(int(name)) or name)
    assert list(entries.values()) == [*entries]
    last = str(len(entries) - 1)
    assert [entries[last] for _ in range(3)] == [last] * 3
    assert made == [*range(len(entries))]
    assert entries["0"] == "0"
    assert made[-1] == 0
    assert len(entries._made) == kept.MANY_MADE
