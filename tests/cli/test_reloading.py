"""A changed configuration is noticed by its content, however it came to be there."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conformance.harness import Stage, until
from logwatch.cli import reloading
from logwatch.cli.reloading import Material, watch


class ConfigMap:
    """A mounted ConfigMap or Secret: files are links into `..data`, itself a link that the kubelet swaps."""

    def __init__(self, folder: Path, **files: str) -> None:
        self._folder = folder
        self._version = 0
        folder.mkdir()
        self.put(**files)

    def put(self, **files: str) -> None:
        self._version += 1
        version = self._folder / f"..2026_11_22_{self._version}"
        version.mkdir()
        for name, text in files.items():
            (version / name).write_text(text)
            link = self._folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        fresh = self._folder / "..data_tmp"
        fresh.symlink_to(version.name)
        os.replace(fresh, self._folder / "..data")


CONFIG = "logwatch_yaml"


def material(folder: Path) -> Material:
    return Material(folder / CONFIG, {})


def test_a_swapped_link_is_a_change(tmp_path: Path) -> None:
    mounted = ConfigMap(tmp_path / "etc", logwatch_yaml="host: a\n")
    watched = material(tmp_path / "etc")
    before = watched.digest()
    mounted.put(logwatch_yaml="host: a\n")
    assert watched.digest() == before
    mounted.put(logwatch_yaml="host: b\n")
    assert watched.digest() != before


def test_entries_of_the_catalogue_count(tmp_path: Path) -> None:
    """Also in a folder that a change brings."""
    mounted = ConfigMap(tmp_path / "etc", logwatch_yaml="host: a\n")
    entries = ConfigMap(tmp_path / "entries", one_json="{}")
    watched = material(tmp_path / "etc")
    seen = [watched.digest()]
    mounted.put(logwatch_yaml=f"catalogue: {{paths: [{tmp_path}/entries]}}\n")
    seen.append(watched.digest())
    (tmp_path / "entries" / "two.json").write_text("{}")
    seen.append(watched.digest())
    entries.put(one_json="{}")
    assert watched.digest() == seen[-1]
    assert len(set(seen)) == 3


def test_secrets_count(tmp_path: Path) -> None:
    ConfigMap(tmp_path / "etc", logwatch_yaml="notify: [{type: webhook, name: w, url_file: ../secret/url}]\n")
    secret = ConfigMap(tmp_path / "secret", url="https://one.example.com/")
    watched = material(tmp_path / "etc")
    before = watched.digest()
    secret.put(url="https://two.example.com/")
    assert watched.digest() != before


def test_what_is_gone_or_wrong_is_a_change_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / CONFIG
    path.write_text("host: a\n")
    watched = material(tmp_path)
    seen = [watched.digest()]
    path.write_text("hots: [\n")
    seen.append(watched.digest())
    path.unlink()
    seen.append(watched.digest())
    path.write_text("host: a\n")
    assert watched.digest() == seen[0]
    assert len(set(seen)) == 3


@contextlib.asynccontextmanager
async def watching(path: Path, seen: list[str]) -> AsyncIterator[None]:
    async def changed() -> None:
        seen.append(path.read_text())  # noqa: ASYNC240

    task = asyncio.create_task(watch(path, {}, changed))
    yield
    task.cancel()


async def test_a_change_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "LOOK_EVERY_S", 0.01)
    path = tmp_path / CONFIG
    path.write_text("host: a\n")
    looks = _count_looks(monkeypatch)
    seen: list[str] = []
    async with watching(path, seen):
        await _after(looks, 2)
        path.write_text("host: b\n")
        await _after(looks, 5)
        assert seen == ["host: b\n"]
        path.write_text("host: a\n")
        await _after(looks, 5)
    assert seen == ["host: b\n", "host: a\n"]


async def test_what_is_still_being_written_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "LOOK_EVERY_S", 0.01)
    texts = iter(["a", "a", "half", "whole", "whole", "whole", *["whole"] * 1000])
    monkeypatch.setattr(Material, "digest", lambda _: next(texts))
    path = tmp_path / CONFIG
    path.write_text("host: a\n")
    seen: list[str] = []
    async with watching(path, seen):
        while not seen:
            await asyncio.sleep(0.01)
    assert len(seen) == 1


def _count_looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    looks: list[str] = []
    digest = Material.digest

    def counted(material: Material) -> str:
        looks.append(digest(material))
        return looks[-1]

    monkeypatch.setattr(Material, "digest", counted)
    return looks


async def _after(looks: list[str], more: int) -> None:
    """Until as many further looks were begun after one that had begun before this was called has ended."""
    wanted = len(looks) + more
    while len(looks) < wanted:
        await asyncio.sleep(0.005)


def test_a_daemon_takes_up_a_swapped_configmap(tmp_path: Path) -> None:
    """Nobody sends a signal."""
    with Stage(tmp_path, "events") as stage:
        body = {**json.loads(stage._config.read_text()), "reload": "auto"}
        body["catalogue"]["paths"] = [str(tmp_path / "catalogue")]
        body["state_dir"] = str(tmp_path / "state")
        text = json.dumps(body)
        mounted = ConfigMap(tmp_path / "etc", logwatch_yaml=text)
        stage._config = tmp_path / "etc" / CONFIG
        stage.start()
        (stage.logs / "later.txt").write_text("rank0: TELLTALE later-txt:0!\n")
        mounted.put(logwatch_yaml=text.replace("*.log", "*.txt"))
        until(lambda: stage.told()["later-txt:0"], "the line in the new source", within=45)
        assert len(stage.said("reloaded")) == 1
        stage.stop()
