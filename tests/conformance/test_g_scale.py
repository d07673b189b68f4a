"""G. Scale, fairness, pressure, and file systems that misbehave."""

import os
import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.config.model import Limits
from logwatch.tail.follow import Follower

from .fuse import Mount
from .harness import Reader, Stage, until
from .model import History, Setting, play_in_a_folder, play_seed

MIB = 1024 * 1024
# A shell that sets a limit for the program it becomes, and for nobody else on this machine.
FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh")
MANY = 10_000


def inotify_limit(name: str, most: int) -> tuple[str, ...]:
    """A command's beginning that limits inotify for it alone, in a user namespace of its own."""
    return ("unshare", "-Ur", "sh", "-c", f'echo {most} > /proc/sys/user/{name} && exec "$@"', "sh")


@pytest.fixture
def deaf_receiver() -> Iterator[str]:
    """The address of one who takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        yield f"http://{host}:{port}/"


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    folder = tmp_path / "mount"
    folder.mkdir()
    with Mount(folder) as mount:
        yield mount


@pytest.mark.scenario(77, "One file grows by megabytes, 999 by a line: these do not wait for that one")
def test_077_fairness(reader: Reader) -> None:
    """In process, so that reads are counted and not timed: one share for each in every round."""
    fast = reader.writer("fast.log")
    quiet = [reader.writer(f"quiet{n}.log") for n in range(999)]
    fast.chatter(64 * MIB)
    fast.lines()
    for log in quiet:
        log.lines()
    reader.hop()
    told = [token for token in reader.told if token.startswith("quiet")]
    assert len(told) == 999
    assert fast.tokens[0] not in reader.told
    for log in quiet:
        log.lines()
    reader.now += 5.0
    reader.hop()
    assert len([token for token in reader.told if token.startswith("quiet")]) == 2 * 999
    reader.catch_up()
    reader.check()


@pytest.mark.scenario(78, "Of one log, what was rotated is read first; other logs do not wait for that")
def test_078_oldest_first(reader: Reader) -> None:
    reader.configure(paths=[str(reader.logs / "*.log*")])
    old, log, other = (reader.writer(name) for name in ("rank3.log.1", "rank3.log", "rank4.log"))
    old.chatter(20 * MIB)
    old.lines()
    log.lines()
    other.lines()
    os.utime(old.path, (1.0, 1.0))
    reader.hop()
    assert list(reader.told) == other.tokens
    reader.pass_time(10)
    assert list(reader.told) == other.tokens + old.tokens + log.tokens
    reader.check()


@pytest.mark.scenario(79, "10,000 idle files: what they cost, and a line in one of them")
def test_079_idle_files_are_seldom_looked_at(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """In process, so that looks are counted and not timed."""
    many = 1000
    for n in range(many):
        (reader.logs / f"rank{n}.log").write_bytes(b"step 1\n")
    reader.mode = "sweep"
    reader.pass_time(60)
    looks = 0
    look = Follower._look

    def counted(self: Follower, life: object, now: float) -> None:
        nonlocal looks
        looks += 1
        look(self, life, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Follower, "_look", counted)
    reader.pass_time(30)
    # The longest pause without events is 1.5 s.
    assert looks <= many * (30 / 1.5 + 2)


@pytest.mark.scenario(79, "10,000 idle files: what they cost, and a line in one of them")
def test_079_ten_thousand_idle_files(stage: Stage) -> None:
    for n in range(MANY):
        (stage.logs / f"rank{n}.log").write_bytes(b"step 1\n")
    stage.configure(limits={"sweep_s": 0.25, "max_open_files": 256})
    stage.start()
    stage.wait_read(MANY * len(b"step 1\n"))
    before = stage.cpu_seconds()
    logs = [stage.writer(f"rank{n}.log") for n in range(0, MANY, 2500)]
    for log in logs:
        stage.wait_told(log.lines())
    # Some seconds; a second for each of them would mean that every look goes over all files.
    assert stage.cpu_seconds() - before < 5
    assert stage.peak_resident_bytes() < 250 * MIB
    assert len(stage.open_files()) < 256 + 64


@pytest.mark.scenario(80, "20,000 files appear in one folder while a log in it is written")
def test_080_many_files_in_one_folder(stage: Stage) -> None:
    """`make torture` does it with 500,000."""
    stage.configure(limits={"max_open_files": 64})
    stage.start()
    log = stage.writer("a.log")
    for n in range(20_000):
        (stage.logs / f"worker-{n}.log").write_bytes(b"step 1\n")
        if n % 1000 == 0:
            log.lines()
    late = stage.writer("late.log")
    late.lines()
    log.lines()
    stage.check(seen=stage.account.size + 20_000 * len(b"step 1\n"))


@pytest.mark.scenario(81, "256 descriptors for 2,000 files that all grow")
def test_081_few_descriptors(stage: Stage) -> None:
    stage.prefix = FEW_DESCRIPTORS
    stage.start()
    names = [f"rank{n}" for n in range(2000)]
    for turn in range(3):
        for name in names:
            with (stage.logs / f"{name}.log").open("ab") as log:
                log.write(b"TELLTALE %s:%d!\n" % (name.encode(), turn))
        wanted = {f"{name}:{turn}" for name in names}
        until(lambda wanted=wanted: wanted <= stage.told().keys(), f"round {turn}", within=40)
        assert stage.metric("logwatch_files", state="unreadable") == 0
    stage.stop()
    assert set(stage.told().values()) == {1}
    assert not stage.said("cannot be read")


@pytest.mark.scenario(81, "256 descriptors for 2,000 files that all grow")
@pytest.mark.parametrize("hard", [None, 3000])
def test_081_soft_limit_of_descriptors(stage: Stage, hard: int | None) -> None:
    """A low one is raised, as far as the hard limit lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = "ulimit -Sn 256" if hard is None else f"prlimit --nofile=256:{hard} --pid $$"
    stage.prefix = ("sh", "-c", f'{limit} && exec "$@"', "sh")
    stage.start()
    [line] = re.findall(r"Max open files .*", Path(f"/proc/{stage.pid}/limits").read_text())
    # As many again as are opened by default stay for all else.
    assert int(line.split()[3]) == min(2 * Limits().max_open_files, hard or most)
    stage.stop()


@pytest.mark.scenario(
    82, "inotify: too few watches, no instance at all, and more events than its queue holds"
)
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_082_inotify_limits(stage: Stage, limit: str) -> None:
    stage.configure("*/rank.log")
    logs = []
    for n in range(20):
        (stage.logs / f"job-{n}").mkdir()
        logs.append(stage.writer(f"job-{n}/rank.log"))
    stage.prefix = inotify_limit(limit, 10 if limit == "max_inotify_watches" else 0)
    stage.start()
    for log in logs:
        log.lines()
    stage.wait_told()
    if stage.mode == "events":
        until(lambda: stage.said("no file-system events; swept instead"), "the limit to be named")
    (stage.logs / "job-20").mkdir()
    stage.writer("job-20/rank.log").lines()
    stage.check()


@pytest.mark.scenario(
    82, "inotify: too few watches, no instance at all, and more events than its queue holds"
)
def test_082_overflow(stage: Stage) -> None:
    """The queue holds 16,384 events; the daemon sleeps while there are more."""
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines())
    with stage.frozen():
        for n in range(9000):
            (stage.logs / f"worker-{n}.txt").write_bytes(b"x")
        log.lines()
        late = stage.writer("late.log")
        late.lines()
        log.path.rename(log.path.with_name("a.log.1"))
        log.lines()
        stage.writer("a.log").lines()
    stage.check()


@pytest.mark.scenario(83, "A file system that tells of nothing: another host writes (FUSE)")
def test_083_silent_file_system(stage: Stage, mount: Mount) -> None:
    stage.configure(str(mount.front / "*.log"))
    stage.start()
    log = stage.account.writer(mount.behind / "a.log")
    for _ in range(3):
        stage.wait_told(log.lines(2))
    log.path.rename(mount.behind / "a.log.1")
    log.lines()
    stage.account.writer(mount.behind / "a.log").lines()
    stage.check()


@pytest.mark.scenario(84, "A mount goes away and comes back; reads fail with ESTALE for a while (FUSE)")
def test_084_mount_that_goes_and_comes_back(stage: Stage, mount: Mount) -> None:
    """Nothing is read again: device numbers are other ones, times of birth unknown, the content agrees."""
    stage.configure(str(mount.front / "*.log"))
    stage.start()
    logs = [stage.account.writer(mount.behind / f"rank{n}.log") for n in range(3)]
    for log in logs:
        log.lines(3)
    stage.wait_told()
    mount.take_away()
    for log in logs:
        log.lines(3)
    until(
        lambda: stage.metric("logwatch_files", state="current") < 3 or stage.said("cannot be read"), "a sign"
    )
    mount.serve()
    stage.wait_told()
    for log in logs:
        log.lines(3)
    stage.check()


@pytest.mark.scenario(84, "A mount goes away and comes back; reads fail with ESTALE for a while (FUSE)")
def test_084_stale_reads(stage: Stage, mount: Mount) -> None:
    stage.configure(str(mount.front / "*.log"))
    stage.start()
    log = stage.account.writer(mount.behind / "a.log")
    stage.wait_told(log.lines(3))
    with mount.going_wrong("stale"):
        log.lines(3)
        until(lambda: stage.metric("logwatch_files", state="unreadable") == 1, "the file to be counted")
    stage.wait_told()
    until(lambda: stage.metric("logwatch_files", state="unreadable") == 0, "the file not to be counted")
    log.lines(3)
    stage.check()


@pytest.mark.scenario(85, "A mount hangs: other sources go on, it is named, and the daemon can end (FUSE)")
def test_085_hung_mount(stage: Stage, mount: Mount) -> None:
    stage.configure(
        sources=[
            {"name": "remote", "paths": [str(mount.front / "*.log")]},
            {"name": "local", "paths": [str(stage.logs / "*.log")]},
        ]
    )
    stage.start()
    remote, local = stage.account.writer(mount.behind / "a.log"), stage.writer("b.log")
    stage.wait_told(remote.lines() + local.lines())
    with mount.hung():
        remote.lines()
        for _ in range(3):
            stage.wait_told(local.lines())
        until(lambda: stage.metric("logwatch_source_stalled", source="remote") == 1, "the hang to be told")
        assert stage.metric("logwatch_source_stalled", source="local") == 0
        stage.wait_told(local.lines())
        stage.stop()
    stage.start()
    stage.wait_told()
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)


@pytest.mark.scenario(85, "A mount hangs: other sources go on, it is named, and the daemon can end (FUSE)")
def test_085_hung_at_start(stage: Stage, mount: Mount) -> None:
    stage.configure(
        sources=[
            {"name": "remote", "paths": [str(mount.front / "*.log")]},
            {"name": "local", "paths": [str(stage.logs / "*.log")]},
        ]
    )
    remote, local = stage.account.writer(mount.behind / "a.log"), stage.writer("b.log")
    remote.lines()
    local.lines()
    with mount.hung():
        stage.launch()
        stage.wait_told(local.tokens)
        # It still waits for a first look at the other one.
        assert not stage.said("ready")
        stage.stop()
    stage.start()
    stage.wait_told()
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)


@pytest.mark.scenario(86, "The end of a file reads as zeros before its data arrives, as on NFS (FUSE)")
def test_086_zeros_before_data(stage: Stage, mount: Mount) -> None:
    stage.configure(str(mount.front / "*.log"))
    stage.start()
    log = stage.account.writer(mount.behind / "a.log")
    log.lines(200)
    stage.wait_told()
    for size in (2, 20):
        with mount.going_wrong("zeros"):
            log.lines(size)
            until(lambda: stage.metric("logwatch_files", state="unfinished") == 1, "the zeros to be seen")
        stage.wait_told()
        until(lambda: stage.metric("logwatch_files", state="unfinished") == 0, "the data to be read")
    stage.check()


@pytest.mark.scenario(87, "What NFS leaves of deleted files, and what editors leave, is not read")
def test_087_leftovers_of_nfs_and_editors(stage: Stage) -> None:
    stage.configure("*.log*", "**/*")
    stage.start()
    for name in (".nfs0000000000a1b2c300000042", ".a.log.swp", ".a.log.swx", ".#a.log"):
        (stage.logs / name).write_bytes(b"TELLTALE leftover:1!\n")
    stage.writer("a.log").lines()
    stage.check()


@pytest.mark.scenario(
    88, "Nobody takes the messages, for as long as it takes: memory stays flat, events are written"
)
def test_088_receiver_that_does_not_answer(stage: Stage, deaf_receiver: str) -> None:
    receiver = {
        "type": "webhook",
        "name": "deaf",
        "url": deaf_receiver,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    stage.configure(notify=[receiver])
    stage.start()
    log = stage.writer("a.log")
    log.lines(1000)
    stage.wait_told()
    before = stage.peak_resident_bytes()
    for _ in range(10):
        log.lines(1000)
    stage.wait_told()
    assert stage.peak_resident_bytes() - before < 64 * MIB
    waiting = until(
        lambda: stage.metric("logwatch_outbox_messages", receiver="deaf"), "the outbox to be counted"
    )
    assert waiting < 100
    stage.check()


@pytest.mark.scenario(89, "The clock is set by an hour, forwards and backwards; nothing moves for a while")
def test_089_clock_jumps(reader: Reader) -> None:
    log, quiet = reader.writer("a.log"), reader.writer("quiet.log")
    quiet.lines()
    for jump in (3600.0, -3600.0, -7200.0, 5.0, 7200.0):
        log.lines()
        quiet.raw(b"step 1\n")
        reader.pass_time(10)
        reader.now += jump
        log.lines()
        reader.pass_time(10)
        assert reader.told.keys() == set(reader.account.tokens)
    assert reader.happened["generation"] == 2
    reader.check()


@pytest.mark.scenario(90, "Random histories against an account of what was written")
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_090_random_histories(seed: int) -> None:
    """In process. `make torture` plays as many of them as there is time for."""
    play_seed(seed)


@pytest.mark.scenario(90, "Random histories against an account of what was written")
@pytest.mark.parametrize(
    ("setting", "history"),
    [
        pytest.param(
            Setting(rotated_names_fit=True, rings=False),
            [
                ("append", "a.log", 3),
                ("hop", 0.0),
                ("copytruncate", "a.log"),
                ("append", "a.log", 4),
                ("disturbed_hop", [(9, "copytruncate", "a.log")]),
            ],
            id="a copy takes the name of another that was not met yet",
        ),
        pytest.param(
            Setting(rotated_names_fit=False, open_files=3),
            [
                ("append", "b.log", 4),
                ("hop", 6.0),
                ("rename", "b.log"),
                (
                    "disturbed_hop",
                    [
                        (4, "append", "a.log"),
                        (7, "append", "b.log"),
                        (8, "append", "b.log"),
                        (45, "copytruncate", "a.log"),
                        (48, "delete", "a.log"),
                    ],
                ),
                ("append", "a.log", 3),
                ("hop", 1.5),
                ("append", "a.log", 4),
                ("copytruncate", "a.log"),
                ("append", "b.log", 3),
                ("append", "a.log", 3),
                ("rename", "a.log"),
            ],
            id="a closed file is cut, refilled to the byte, and renamed",
        ),
        pytest.param(
            Setting(rotated_names_fit=True, rings=False, open_files=1),
            [
                ("banner", "a.log"),
                ("disturbed_hop", [(1, "rename", "a.log"), (5, "append", "a.log")]),
                ("disturbed_hop", [(2, "copytruncate", "a.log")]),
                ("disturbed_hop", [(1, "copytruncate", "a.log"), (5, "rename", "a.log")]),
            ],
            id="a copy is moved on before its original is cut",
        ),
        pytest.param(
            Setting(rotated_names_fit=True, rings=False),
            [
                ("banner", "a.log"),
                ("append", "b.log", 4),
                ("rename", "b.log"),
                ("rename", "a.log"),
                ("append", "b.log", 4),
                ("banner", "a.log"),
                ("copytruncate", "b.log"),
                ("copytruncate", "a.log"),
                ("append", "b.log", 2),
                (
                    "disturbed_hop",
                    [(1, "rename", "a.log"), (3, "copytruncate", "b.log"), (24, "rename", "b.log")],
                ),
            ],
            id="two logs are rotated in two ways while they are looked at",
        ),
        pytest.param(
            Setting(rotated_names_fit=False, rings=False, open_files=1),
            [
                ("partial", "b.log", 2),
                ("hop", 0.0),
                ("rename", "b.log"),
                ("disturbed_hop", [(9, "rename", "a.log")]),
                ("banner", "b.log"),
                ("copytruncate", "b.log"),
                ("partial", "b.log", 0),
                ("hop", 0.0),
                ("stop",),
                ("append", "b.log", 3),
                ("copytruncate", "b.log"),
            ],
            id="all that is known of a file is an unfinished line, read a hop after the file was met",
        ),
    ],
)
def test_090_histories_that_once_failed(setting: Setting, history: History) -> None:
    play_in_a_folder(history, setting)
