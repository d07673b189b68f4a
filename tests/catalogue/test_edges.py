"""What brings about what is read from files that persons write: all mistakes are told, each with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.causality import EventClass, Scope
from logwatch.catalogue.load import load, shipped_folder
from logwatch.errors import CatalogueError, Problem

# Severity by id: a warning ends no job.
IDS = {
    "gpu/lost": "critical",
    "gpu/reset": "error",
    "gpu/hot": "warning",
    "app/oom": "error",
    "nccl/slow": "error",
}


def edge(**changes: Any) -> dict[str, Any]:
    record = {
        "name": "lost-reset",
        "cause": "gpu/lost",
        "effect": "gpu/reset",
        "scope": "node",
        "within": 60,
        "note": "a lost GPU is reset",
        "source": "a log",
    }
    return {key: value for key, value in {**record, **changes}.items() if value is not None}


def folder(at: Path, edges: Any = None, classes: Any = None, **groups: list[str]) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    for name, severity in IDS.items():
        record = {"id": name, "signature": name, "regex": name, "severity": severity}
        path = at / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record), encoding="utf-8")
    if edges is not None:
        write(at / "_edges.json", {"groups": groups, "edges": edges} if isinstance(edges, list) else edges)
    if classes is not None:
        write(at / "_classes.json", classes)
    return at


def write(path: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")


def row(kind: str, *ids: str, **more: Any) -> dict[str, Any]:
    return {"ids": list(ids), "class": kind, "why": "because", **more}


def problems(*folders: Path) -> list[Problem]:
    with pytest.raises(CatalogueError) as caught:
        load(folders)
    return list(caught.value.problems)


def test_a_folder_without_side_files_knows_no_edges_and_takes_everything_for_a_process(
    tmp_path: Path,
) -> None:
    edges = load([folder(tmp_path)]).edges
    assert (edges.edges, edges.class_of("gpu/lost")) == ({}, EventClass.PROCESS)


def test_an_edge_is_read_as_it_is_written(tmp_path: Path) -> None:
    edges = load([folder(tmp_path, [edge()])]).edges
    [found] = edges.between("gpu/lost", "gpu/reset")
    assert (found.name, found.scope, found.within_s, found.late_s) == ("lost-reset", Scope.NODE, 60, 5)
    assert list(edges.between("gpu/reset", "gpu/lost")) == []
    assert [e.name for e in edges.into("gpu/reset")] == ["lost-reset"]


def test_a_look_back_that_stands_in_the_line_has_no_length_of_its_own(tmp_path: Path) -> None:
    edges = load([folder(tmp_path, [edge(within="from line", late=0)])]).edges
    assert (edges.edges["lost-reset"].within_s, edges.edges["lost-reset"].late_s) == (None, 0)


def test_names_are_ids_patterns_groups_and_classes(tmp_path: Path) -> None:
    classes = {"classes": [row("hardware", "gpu/*"), row("timeout", "nccl/*")]}
    written = edge(cause=["group:gone", "app/oom"], effect=["nccl/*", "class:timeout"])
    found = load([folder(tmp_path, [written], classes, gone=["gpu/lost"])]).edges.edges["lost-reset"]
    assert (found.causes, found.effects) == ({"gpu/lost", "app/oom"}, {"nccl/slow"})


def test_a_class_brings_about_things_only_by_its_errors_but_all_of_it_can_follow(tmp_path: Path) -> None:
    classes = {"classes": [row("hardware", "gpu/*")]}
    both = [
        edge(cause="class:hardware", effect="app/oom"),
        edge(name="b", cause="nccl/slow", effect="class:hardware"),
    ]
    edges = load([folder(tmp_path, both, classes)]).edges.edges
    assert edges["lost-reset"].causes == {"gpu/lost", "gpu/reset"}
    assert edges["b"].effects == {"gpu/lost", "gpu/reset", "gpu/hot"}


def test_the_last_row_that_names_an_entry_decides(tmp_path: Path) -> None:
    classes = {
        "classes": [
            row("hardware", "gpu/*", hold_s=9),
            row("launcher", "gpu/reset"),
            row("timeout", "gpu/hot", hold_s=3),
        ]
    }
    edges = load([folder(tmp_path, classes=classes)]).edges
    assert [edges.class_of(f"gpu/{name}") for name in ("lost", "reset", "hot")] == [
        "hardware",
        "launcher",
        "timeout",
    ]
    assert edges.holds == {"gpu/lost": 9, "gpu/hot": 3}


def test_an_edge_of_a_later_folder_replaces_the_one_of_its_name(tmp_path: Path) -> None:
    first = folder(tmp_path / "first", [edge(), edge(name="kept")])
    second = folder(tmp_path / "second", [edge(within=5)])
    edges = load([first, second]).edges.edges
    assert {name: e.within_s for name, e in edges.items()} == {"lost-reset": 5, "kept": 60}


def test_the_version_of_a_catalogue_changes_with_its_edges(tmp_path: Path) -> None:
    versions = {load([folder(tmp_path, [edge(within=n)])]).version for n in (5, 6)}
    assert len(versions) == 2


@pytest.mark.parametrize(
    ("changes", "line", "what", "remedy"),
    [
        ({"scope": None}, 5, "the edge lost-reset: `edges.0.scope`: Field required", "add `scope`"),
        ({"within": None}, 5, "the edge lost-reset: `edges.0.within`: Field required", "add `within`"),
        ({"scope": "rack"}, 8, "the edge lost-reset: `edges.0.scope`", "docs/catalogue.md"),
        ({"within": -1}, 9, "the edge lost-reset: `edges.0.within", "docs/catalogue.md"),
        ({"within": "a while"}, 9, "the edge lost-reset: `edges.0.within", "docs/catalogue.md"),
        ({"cause": []}, 6, "the edge lost-reset: `edges.0.cause`", "docs/catalogue.md"),
        ({"lasts": 5}, 12, "the edge lost-reset: `edges.0.lasts`: Extra inputs", "docs/catalogue.md"),
        ({"cause": "gpu/gone"}, 6, "gpu/gone names no entry", "write the id of an entry"),
        ({"cause": "disk/*"}, 6, "disk/* names no entry", "write the id of an entry"),
        ({"effect": "class:weather"}, 7, "there is no class weather", "hardware, process, scheduler"),
        ({"effect": "group:all"}, 7, "there is no group all", "the groups are: none"),
        ({"effect": "gpu/lost"}, 7, "nothing causes itself", "the error that comes first"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, changes: dict[str, Any], line: int, what: str, remedy: str
) -> None:
    found = problems(folder(tmp_path, [edge(**changes)]))
    assert found[0].where == f"{tmp_path / '_edges.json'}:{line}"
    assert what in found[0].what
    assert remedy in found[0].remedy


def test_a_mistake_in_the_second_edge_is_told_with_the_line_of_the_second(tmp_path: Path) -> None:
    [found] = problems(folder(tmp_path, [edge(), edge(name="second", scope="rack")]))
    assert found.where.endswith(":17")


def test_edges_that_form_a_loop_are_told_with_the_whole_of_it(tmp_path: Path) -> None:
    around = [
        edge(),
        edge(name="reset-oom", cause="gpu/reset", effect=["app/oom", "nccl/slow"]),
        edge(name="oom-lost", cause="app/oom", effect="gpu/*"),
    ]
    [found] = problems(folder(tmp_path, around))
    assert "form a loop: " in found.what
    assert {"lost-reset", "reset-oom", "oom-lost"} >= set(
        found.what.split(" form")[0].split("edges ")[1].split(", ")
    )
    path = found.what.rsplit(": ", 1)[1].split(" → ")
    assert path[0] == path[-1]
    assert len(path) >= 3
    assert '"late": 0' in found.remedy


def test_an_edge_whose_cause_has_to_come_first_closes_no_loop(tmp_path: Path) -> None:
    both = [edge(), edge(name="back", cause="gpu/reset", effect="gpu/lost", late=0)]
    assert set(load([folder(tmp_path, both)]).edges.edges) == {"lost-reset", "back"}


def test_a_class_may_lead_to_itself_entry_by_entry(tmp_path: Path) -> None:
    classes = {"classes": [row("hardware", "gpu/lost")]}
    own = [edge(cause="class:hardware", effect=["class:hardware", "gpu/reset"])]
    edges = load([folder(tmp_path, own, classes)]).edges
    assert list(edges.between("gpu/lost", "gpu/lost")) == []


def test_two_edges_of_one_name_in_one_file_are_a_mistake(tmp_path: Path) -> None:
    [found] = problems(folder(tmp_path, [edge(), edge(effect="gpu/hot")]))
    assert "two edges are called lost-reset" in found.what


def test_an_unknown_id_in_a_class_is_a_mistake(tmp_path: Path) -> None:
    [found] = problems(folder(tmp_path, classes={"classes": [row("hardware", "gpu/lost", "gpu/gone")]}))
    assert (found.where, found.what) == (f"{tmp_path / '_classes.json'}:6", "gpu/gone names no entry")


@pytest.mark.parametrize(
    ("text", "what"), [("{", "is not JSON"), ("[]", "Input should be"), ('{"edges": [1]}', "`edges.0`")]
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, what: str) -> None:
    at = folder(tmp_path)
    write(at / "_edges.json", text)
    [found] = problems(at)
    assert what in found.what


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    at = folder(
        tmp_path, [edge(scope="rack"), edge(name="b", within=0)], {"classes": [row("weather", "gpu/lost")]}
    )
    assert {found.where.rsplit("/", 1)[1].split(":")[0] for found in problems(at)} == {
        "_edges.json",
        "_classes.json",
    }


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load([shipped_folder()], proven=[shipped_folder()])


def test_the_shipped_edges_are_read(shipped: Catalogue) -> None:
    assert len(shipped.edges.edges) > 66
    assert set(shipped.edges.classes.values()) == set(EventClass) - {EventClass.PROCESS} | {
        EventClass.PROCESS
    }


def test_every_shipped_edge_can_apply(shipped: Catalogue) -> None:
    for found in shipped.edges.edges.values():
        assert found.causes, found.name
        assert found.effects - found.causes or len(found.effects) > 1, found.name


@pytest.mark.parametrize(
    ("error_id", "kind"),
    [
        ("nvidia/xid-79", "hardware"),
        ("kernel/oom-killer", "hardware"),
        ("pytorch/cuda-out-of-memory", "process"),
        ("torchrun/worker-sigkill", "process"),
        ("slurm/time-limit", "scheduler"),
        ("nccl/remote-error", "transport"),
        ("nccl/watchdog-timeout", "timeout"),
        ("torchrun/child-failed-error", "launcher"),
    ],
)
def test_shipped_entries_are_of_the_class_that_a_person_would_say(
    shipped: Catalogue, error_id: str, kind: str
) -> None:
    assert shipped.edges.class_of(error_id) == kind
