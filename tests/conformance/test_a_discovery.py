"""A. Discovery and start: which files are found, when, and where reading begins."""

import os
import shutil
import time

import pytest

from .harness import OBEY_MODES, Account, Reader, Stage, until

YEARS_S = 2 * 365 * 86400


@pytest.mark.scenario(1, "A file that appears after the start")
def test_001_new_file_after_start(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines(2)
    stage.wait_told()
    log.lines()
    stage.check()
    assert [event["line_number"] for event in stage.events()] == [1, 2, 3]
    assert [event["offset"] for event in stage.events()] == [0, log.size // 3, log.size * 2 // 3]


@pytest.mark.scenario(2, "A rank that crashes at once: its log is deleted before it was read to the end")
@pytest.mark.parametrize("with_folder", [False, True])
def test_002_crash_fast_rank(stage: Stage, with_folder: bool) -> None:
    stage.configure("*/rank.log")
    stage.start()
    folder = stage.logs / "job"
    folder.mkdir()
    log = stage.writer("job/rank.log")
    log.lines()
    until(lambda: str(log.path) in stage.open_files(), "the log to be opened")
    log.lines()
    if with_folder:
        shutil.rmtree(folder)
    else:
        log.path.unlink()
    stage.check()


@pytest.mark.scenario(2, "A rank that crashes at once: its log is deleted before it was read to the end")
@pytest.mark.parametrize("phase", [0.0, 0.1, 0.2])
def test_002_crash_fast_rank_at_any_moment_of_the_sweep(reader: Reader, phase: float) -> None:
    """In process: the log exists for 300 ms of the reader's time, beginning anywhere between two sweeps."""
    reader.pass_time(10 + phase)
    log = reader.writer("rank.log")
    log.lines()
    reader.pass_time(0.3)
    log.path.unlink()
    reader.pass_time(1)
    reader.check()


@pytest.mark.scenario(3, "Files that are there at the start: from the beginning, or from the end")
@pytest.mark.parametrize("start_at", ["beginning", "end"])
def test_003_existing_files(stage: Stage, start_at: str) -> None:
    log = stage.writer("a.log")
    before = log.lines(3)
    unfinished = log.compose()
    log.raw(unfinished[:10])
    stage.configure(start_at=start_at)
    stage.start()
    until(lambda: str(log.path) in stage.open_files(), "the log to be opened")
    log.raw(unfinished[10:])
    log.lines(2)
    ledger = stage.check(lost=before if start_at == "end" else ())
    assert ledger.get("start_at_end", 0) == (3 * len(unfinished) if start_at == "end" else 0)


@pytest.mark.scenario(4, "`start_at: end` is for files of the first look only")
def test_004_start_at_end_is_for_the_first_look(stage: Stage) -> None:
    early = [stage.writer(f"early-{n}.log") for n in range(10)]
    passed_over = [token for log in early for token in log.lines(2)]
    stage.configure(start_at="end")
    stage.start()
    stage.wait_read()
    late = [stage.writer(f"late-{n}.log") for n in range(10)]
    for log in [*early, *late]:
        log.lines(2)
    stage.wait_told(set(stage.account.tokens) - set(passed_over))
    stage.stop()
    stage.writer("while-stopped.log").lines(2)
    stage.start()
    ledger = stage.check(lost=passed_over)
    assert ledger["start_at_end"] == 20 * len(early[0].compose())


@pytest.mark.scenario(5, "Exclusion wins; two patterns that fit one file read it once; folders are no files")
def test_005_patterns(stage: Stage) -> None:
    others = Account()
    stage.configure("*.log", "rank*", "**/*.log", exclude=["*.debug.log", "**/cache/**"])
    for name in ("folder.log", "cache"):
        (stage.logs / name).mkdir()
    stage.writer("rank0.log").lines()
    stage.start()
    stage.writer("rank1.log").lines()
    stage.writer("rank2").lines()
    stage.writer("folder.log/rank3.log").lines()
    for name in ("rank4.debug.log", "cache/rank5.log", "notes.txt"):
        others.writer(stage.logs / name).lines()
    # Met in the same look as, or in a later one than, those that must not be read.
    stage.writer("last.log").lines()
    stage.check()
    others.close()


@pytest.mark.scenario(6, "One folder that cannot be listed hides no other")
def test_006_unreadable_folder(stage: Stage) -> None:
    stage.prefix = OBEY_MODES
    stage.configure("*/rank.log")
    for name in ("job-1", "job-2", "job-3"):
        (stage.logs / name).mkdir()
    hidden = stage.writer("job-2/rank.log")
    hidden.lines()
    secret = stage.logs / "job-2"
    secret.chmod(0o000)
    readable = [stage.writer(f"{name}/rank.log") for name in ("job-1", "job-3")]
    for log in readable:
        log.lines()
    stage.start()
    stage.wait_told([token for log in readable for token in log.tokens])
    until(lambda: stage.metric("logwatch_files", state="unreadable") == 1, "the folder to be counted")
    secret.chmod(0o755)
    stage.wait_told()
    until(lambda: stage.metric("logwatch_files", state="unreadable") == 0, "the folder not to be counted")
    assert [said["path"] for said in stage.said("cannot be read")] == [str(secret)]
    stage.check()


@pytest.mark.scenario(7, "A file that may not be read, until its mode is put right")
def test_007_permission_denied_then_restored(stage: Stage) -> None:
    stage.prefix = OBEY_MODES
    log, other = stage.writer("a.log"), stage.writer("b.log")
    log.lines()
    log.path.chmod(0o000)
    stage.start()
    until(lambda: stage.metric("logwatch_files", state="unreadable") == 1, "the file to be counted")
    # Many looks go by before the mode is put right; each of them finds the file unreadable again.
    for _ in range(5):
        stage.wait_told(other.lines())
    log.path.chmod(0o644)
    stage.wait_told()
    until(lambda: stage.metric("logwatch_files", state="unreadable") == 0, "the file not to be counted")
    assert [said["path"] for said in stage.said("cannot be read")] == [str(log.path)]
    log.lines()
    stage.check()


@pytest.mark.scenario(8, "Folders that are made later, many levels deep")
def test_008_folders_made_later(stage: Stage) -> None:
    stage.configure("**/rank*.log", "not/there/yet/*.txt")
    stage.start()
    (stage.logs / "a/b/c").mkdir(parents=True)
    deep = stage.writer("a/b/c/rank0.log")
    deep.lines()
    (stage.logs / "not/there/yet").mkdir(parents=True)
    fixed = stage.writer("not/there/yet/out.txt")
    fixed.lines()
    stage.wait_told()
    (stage.logs / "a/b/d").mkdir()
    stage.writer("a/b/d/rank1.log").lines()
    deep.lines()
    fixed.lines()
    stage.check()


@pytest.mark.scenario(9, "A folder is renamed and made anew, twice")
@pytest.mark.parametrize("pattern", ["d/*.log", "d*/*.log"])
def test_009_folder_rotation(stage: Stage, pattern: str) -> None:
    stage.configure(pattern)
    stage.start()
    writers = []
    for turn in range(3):
        (stage.logs / "d").mkdir()
        log = stage.writer("d/a.log")
        writers.append(log)
        stage.wait_told(log.lines(2))
        for earlier in writers:
            earlier.lines()
        if turn < 2:
            (stage.logs / "d").rename(stage.logs / f"d{turn}-old")
    stage.check()


@pytest.mark.scenario(10, "A file that was last written years ago is known, not read again, and goes on")
def test_010_old_files(stage: Stage) -> None:
    log = stage.writer("a.log")
    log.lines(3)
    long_ago = time.time() - YEARS_S
    os.utime(log.path, (long_ago, long_ago))
    stage.start()
    stage.wait_told()
    stage.stop()
    os.utime(log.path, (long_ago + 1, long_ago + 1))
    stage.start()
    log.path.touch()
    log.lines(2)
    stage.check()


@pytest.mark.scenario(11, "The first look finds 10,000 files, and may hold few of them open")
def test_011_ten_thousand_files_at_once(stage: Stage) -> None:
    many, most_open = 10_000, 64
    for n in range(many):
        (stage.logs / f"rank{n}.log").write_bytes(b"TELLTALE rank:%d!\n" % n)
    stage.configure(limits={"max_open_files": most_open, "sweep_s": 1})
    stage.start()
    until(lambda: len(stage.events()) >= many, f"{many} events", within=50)
    # Besides the logs: the state, the event file, sockets, watches, the ends of the event loop.
    assert len([path for path in stage.open_files() if path.startswith(str(stage.logs))]) <= most_open
    log = stage.writer("rank9999.log")
    log.lines()
    stage.wait_told(log.tokens)
    stage.stop()
    told = stage.told()
    assert told == {**{f"rank:{n}": 1 for n in range(many)}, log.tokens[0]: 1}


@pytest.mark.scenario(12, "A path is taken out of the configuration, and comes back")
def test_012_path_removed_and_added_back(stage: Stage) -> None:
    stage.configure("a.log", "b.log")
    log, other = stage.writer("a.log"), stage.writer("b.log")
    log.lines(2)
    other.lines(2)
    stage.start()
    stage.wait_told()
    stage.configure("b.log")
    stage.reload()
    meanwhile = log.lines(2)
    stage.wait_told(other.lines(2))
    assert not set(meanwhile) & stage.told().keys()
    stage.restart()
    stage.wait_told(other.lines(2))
    assert not set(meanwhile) & stage.told().keys()
    stage.configure("a.log", "b.log")
    stage.reload()
    log.lines(2)
    stage.wait_told()
    stage.stop()
    assert set(stage.told().values()) == {1}
