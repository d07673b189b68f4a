"""D. Delete, recreate, inode reuse, links: which file is which, and each is read once."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .harness import Reader, Stage, Writer, until

HEAD = b"module load cuda/12.4 nccl/2.21.5\n" * 60


def recreate(log: Writer, stage: Stage) -> Writer:
    """Deletes the file and makes it anew, until the new one has the inode of the old one."""
    inode = log.inode
    log.path.unlink()
    log.close()
    for n in range(50):
        again = stage.writer(log.path.name)
        if again.inode == inode:
            return again
        again.path.rename(stage.folder / f"not-that-inode-{n}")
        again.close()
    pytest.skip("this file system does not use inode numbers again")


@pytest.mark.scenario(40, "Written and deleted at once")
def test_040_deleted_while_reading(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines())
    log.lines(2)
    log.path.unlink()
    stage.wait_told()
    log.lines()
    stage.check()


@pytest.mark.scenario(41, "Deleted and made anew with the same inode: shorter, longer, or with the same head")
@pytest.mark.parametrize("new", ["shorter", "longer", "same head"])
def test_041_recreated_with_the_same_inode(stage: Stage, new: str) -> None:
    """The number is free again only when the daemon has closed the deleted file, so its drain has to end first."""
    stage.configure(limits={"max_open_files": 16})
    log = stage.writer("a.log")
    if new == "same head":
        log.raw(HEAD)
    log.lines(10)
    stage.start()
    stage.wait_told()
    others = [stage.writer(f"other-{n}.log") for n in range(40)]

    def is_closed() -> bool:
        for other in others:
            other.lines()
        stage.wait_told()
        return str(log.path) not in stage.open_files()

    until(is_closed, "the log to be closed")
    with stage.frozen():
        log = recreate(log, stage)
        if new == "same head":
            log.raw(HEAD)
        log.lines({"shorter": 2, "longer": 20, "same head": 15}[new])
    stage.check()


@pytest.mark.scenario(42, "The same while stopped, longer than what was read")
@pytest.mark.parametrize("new", ["longer", "same head"])
def test_042_recreated_while_stopped(stage: Stage, new: str) -> None:
    log = stage.writer("a.log")
    if new == "same head":
        log.raw(HEAD)
    log.lines(10)
    stage.start()
    stage.wait_told()
    stage.stop()
    log = recreate(log, stage)
    if new == "same head":
        log.raw(HEAD)
    log.lines(20)
    stage.start()
    stage.check()


def replace_by(stage: Stage, path: Path, content: bytes) -> None:
    """Writes a new file and renames it over `path`, as `rsync`, editors and `sed -i` do."""
    fresh = stage.folder / "fresh"
    fresh.write_bytes(content)
    written = fresh.stat().st_mtime_ns
    fresh.rename(path)

    def was_renamed_later() -> bool:
        if path.stat().st_ctime_ns > written:
            return True
        path.rename(fresh)
        fresh.rename(path)
        return False

    # Two system calls of one tick of the clock look like one; programs are not so fast.
    until(was_renamed_later, "the clock to move on")


@pytest.mark.scenario(
    43, "Replaced at once by rename: what it repeats is not told again, what is new is told"
)
@pytest.mark.parametrize("while_stopped", [False, True])
def test_043_replaced_by_a_longer_one(stage: Stage, while_stopped: bool) -> None:
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines(5))
    stage.wait_read()
    if while_stopped:
        stage.stop()
    for _ in range(2):
        content = log.path.read_bytes()
        added = b"".join(log.compose() for _ in range(3))
        stage.account.size += len(added)
        with contextlib.nullcontext() if while_stopped else stage.frozen():
            replace_by(stage, log.path, content + added)
        if not while_stopped:
            stage.wait_told()
    if while_stopped:
        stage.start()
    stage.check()


@pytest.mark.scenario(
    43, "Replaced at once by rename: what it repeats is not told again, what is new is told"
)
def test_043_replaced_by_another(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines(5))
    stage.wait_read()
    other = b"".join(log.compose() for _ in range(8))
    stage.account.size += len(other)
    replace_by(stage, log.path, other)
    stage.check()


@pytest.mark.scenario(
    43, "Replaced at once by rename: what it repeats is not told again, what is new is told"
)
def test_043_deleted_and_begun_again_in_the_same_words(stage: Stage) -> None:
    """A restarted job is no replacement, even when it writes what was written before."""
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines(3))
    stage.wait_read()
    content = log.path.read_bytes()
    log.path.unlink()
    with log.path.open("wb", buffering=0) as again:
        again.write(content)
    until(lambda: sum(stage.told().values()) == 6, "the lines to be told again")
    assert {event["generation"] for event in stage.events()} == {1, 2}


@pytest.mark.scenario(44, "A link is led to another file, and the old one is still written")
def test_044_link_swapped(stage: Stage) -> None:
    data = stage.folder / "data"
    data.mkdir()
    link = stage.logs / "current.log"
    old = stage.account.writer(data / "one.log")
    link.symlink_to(old.path)
    stage.start()
    stage.wait_told(old.lines())
    new = stage.account.writer(data / "two.log")
    swap(link, new.path)
    old.lines()
    new.lines()
    stage.check()
    assert {event["path"] for event in stage.events()} >= {str(link)}


@pytest.mark.scenario(44, "A link is led to another file, and the old one is still written")
def test_044_target_rotated_while_stopped(stage: Stage) -> None:
    """As in `/var/log/containers`: links, whose targets are rotated elsewhere."""
    data = stage.folder / "pods"
    data.mkdir()
    link = stage.logs / "current.log"
    old = stage.account.writer(data / "0.log")
    link.symlink_to(old.path)
    stage.start()
    stage.wait_told(old.lines())
    stage.stop()
    old.lines(2)
    old.path.rename(data / "0.log.20260104-093501")
    stage.account.writer(old.path).lines(2)
    stage.start()
    stage.check()


def swap(link: Path, target: Path) -> None:
    """Leads `link` to `target` without a moment in which there is none."""
    fresh = link.with_name("fresh-link")
    fresh.symlink_to(target)
    fresh.rename(link)


@pytest.mark.scenario(45, "30 targets of a link, one after the other, 100 lines each")
def test_045_thirty_targets(stage: Stage) -> None:
    data = stage.folder / "data"
    data.mkdir()
    link = stage.logs / "current.log"
    stage.start()
    for n in range(30):
        log = stage.account.writer(data / f"run-{n}.log")
        first = log.lines()
        swap(link, log.path)
        # The link has to be seen once; what is written then is read although it leads elsewhere already.
        stage.wait_told(first)
        log.lines(99)
    stage.check()
    assert len(stage.events()) == 3000


@pytest.mark.scenario(45, "30 targets of a link, one after the other, 100 lines each")
def test_045_thirty_targets_by_the_clock(reader: Reader) -> None:
    """In process: the link is led elsewhere a millisecond after every look."""
    data = reader.logs / "data"
    data.mkdir()
    link = reader.logs / "current.log"
    for n in range(30):
        log = reader.account.writer(data / f"run-{n}.log")
        log.lines(99)
        swap(link, log.path)
        reader.pass_time(0.251)
        log.lines()
    reader.pass_time(5)
    reader.check()


@pytest.mark.scenario(46, "A link is removed and made again, with a look in between")
@pytest.mark.parametrize("target", ["same", "other"])
def test_046_link_removed_and_made_again(stage: Stage, target: str) -> None:
    data = stage.folder / "data"
    data.mkdir()
    link = stage.logs / "current.log"
    log, other = stage.account.writer(data / "one.log"), stage.account.writer(data / "two.log")
    link.symlink_to(log.path)
    stage.start()
    stage.wait_told(log.lines(2))
    link.unlink()
    until(lambda: stage.metric("logwatch_files", state="nameless") == 1, "the link to be missed")
    log.lines()
    link.symlink_to(log.path if target == "same" else other.path)
    log.lines()
    if target == "other":
        other.lines()
    stage.wait_told()
    log.lines()
    stage.check()


@pytest.mark.scenario(47, "A link to nothing, a link to itself, a target that comes later")
def test_047_links_to_nothing(stage: Stage) -> None:
    (stage.logs / "nothing.log").symlink_to(stage.folder / "not-there")
    (stage.logs / "loop.log").symlink_to("loop.log")
    target = stage.folder / "comes-later"
    (stage.logs / "later.log").symlink_to(target)
    stage.start()
    other = stage.writer("other.log")
    for _ in range(5):
        stage.wait_told(other.lines())
    late = stage.account.writer(target)
    late.lines(2)
    stage.wait_told()
    said = [line["path"] for line in stage.said("cannot be read")]
    assert sorted(said) == [str(stage.logs / f"{name}.log") for name in ("later", "loop", "nothing")]
    stage.check()


@pytest.mark.scenario(47, "A link to nothing, a link to itself, a target that comes later")
def test_047_links_to_nothing_cost_no_time(reader: Reader) -> None:
    """In process: what the next look is waited for can be seen."""
    (reader.logs / "nothing.log").symlink_to("not-there")
    (reader.logs / "loop.log").symlink_to("loop.log")
    reader.pass_time(10)
    assert reader.follower.next_due(reader.now) > reader.now
    assert len(reader.problems) == 2


@pytest.mark.scenario(48, "Two names of one file: read once. Two files with one content: both are read")
def test_048_names_and_contents(stage: Stage) -> None:
    stage.configure("*.log", "more/*.log")
    (stage.logs / "more").mkdir()
    log = stage.writer("a.log")
    log.lines(3)
    os.link(log.path, stage.logs / "more" / "hard.log")
    (stage.logs / "soft.log").symlink_to("a.log")
    twins = [stage.writer(f"rank{n}.log") for n in range(2)]
    for twin in twins:
        twin.raw(HEAD * 40)
    stage.start()
    stage.wait_told()
    # The first name goes; what remains is the same file still.
    log.path.unlink()
    until(lambda: stage.metric("logwatch_files", state="nameless") == 0, "the other name to be taken")
    log.lines()
    for twin in twins:
        twin.lines(2)
    stage.check()


@pytest.mark.scenario(48, "Two names of one file: read once. Two files with one content: both are read")
def test_048_bind_mount(stage: Stage) -> None:
    one, two = stage.logs / "one", stage.logs / "two"
    one.mkdir()
    two.mkdir()
    stage.prefix = in_own_mounts(f"mount --bind {one} {two}")
    stage.configure("*/*.log")
    log = stage.writer("one/a.log")
    log.lines(3)
    stage.start()
    stage.wait_told()
    log.lines(2)
    stage.check()


def in_own_mounts(command: str) -> list[str]:
    """The daemon gets mounts of its own, made by `command`, which end with it."""
    own = ["unshare", "--mount", "sh", "-ec", f'{command}\nexec "$@"', "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*own, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("mounts need root")
    return own


@pytest.mark.scenario(49, "Two small files that are the same, and differ later")
def test_049_small_twins_that_diverge(stage: Stage) -> None:
    stage.start()
    one, two = stage.writer("rank0.log"), stage.writer("rank1.log")
    for twin in (one, two):
        twin.raw(b"NCCL version 2.21.5")
    until(lambda: stage.metric("logwatch_files", state="unfinished") == 2, "both files to be seen")
    for twin in (one, two):
        twin.raw(b"+cuda12.4\n")
    one.lines(2)
    stage.wait_told()
    two.lines(3)
    one.lines()
    stage.check()


@pytest.mark.scenario(50, "The device number changes, because the file system was mounted again")
def test_050_mounted_again_under_another_device(stage: Stage) -> None:
    image = stage.folder / "image"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    devices = loop_devices(image, 2)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner", str(image)], check=True)
        mount_and_write(stage, devices[0], b"".join(stage_lines(stage, 3)))
        stage.prefix = in_own_mounts(f"mount {devices[0]} {stage.logs}")
        stage.start()
        stage.wait_told()
        stage.stop()
        mount_and_write(stage, devices[1], b"".join(stage_lines(stage, 2)))
        stage.prefix = in_own_mounts(f"mount {devices[1]} {stage.logs}")
        stage.start()
        stage.check()
    finally:
        for device in devices:
            subprocess.run(["losetup", "--detach", device], check=True)


def loop_devices(image: Path, count: int) -> list[str]:
    """Devices with numbers of their own that show the same image."""
    made: list[str] = []
    for _ in range(count):
        done = subprocess.run(
            ["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            for device in made:
                subprocess.run(["losetup", "--detach", device], check=True)
            pytest.skip("loop devices need root")
        made.append(done.stdout.strip())
    return made


def stage_lines(stage: Stage, count: int) -> list[bytes]:
    log = stage.account.writer(stage.folder / "scratch")
    lines = [log.compose() for _ in range(count)]
    stage.account.size += sum(map(len, lines))
    return lines


def mount_and_write(stage: Stage, device: str, data: bytes) -> None:
    """Appends to `a.log` on the device, mounted for just that long."""
    script = f'mount {device} "$1"\ncat >> "$1/a.log"\nsync\numount "$1"'
    subprocess.run(["unshare", "--mount", "sh", "-ec", script, "sh", str(stage.logs)], input=data, check=True)


@pytest.mark.scenario(50, "The device number changes, because the file system was mounted again")
def test_050_another_device_and_no_births(reader: Reader) -> None:
    """In process: a file system that does not know when files were born; then the content has to tell."""
    log = reader.writer("a.log")
    log.lines(3)
    reader.pass_time(5)
    for _, _, body in reader.remembered.values():
        device, inode, _ = body["file"]
        body["file"] = [device + 1, inode, 0]
    log.lines(2)
    reader.restart()
    reader.pass_time(5)
    reader.check()
    assert reader.happened["generation"] == 1
