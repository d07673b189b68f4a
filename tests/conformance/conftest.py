"""Runs each scenario in the modes it has, and writes down how they went.

A scenario is a test marked `scenario(number, title)` and named after its number. One that uses `stage` or
`reader` runs twice: with file-system events, and with the sweep alone; `modes=("events",)` limits that.
One marked `long` runs only with `--long`. `make conformance` runs all and writes the table.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from .harness import Mode, Reader, Stage
from .report import Results

MODES: tuple[Mode, ...] = ("events", "sweep")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what takes long, too")
    parser.addoption("--torture", action="store_true", help="storms and floods for a minute each")
    parser.addoption("--conformance-report", type=Path, help="write the table of scenarios to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(number, title, modes): a scenario of the conformance suite")
    config.addinivalue_line("markers", "long: takes so long that it only runs with --long")
    config.pluginmanager.register(Results(config.getoption("--conformance-report", None)), "conformance")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("scenario")
    if mark is not None and "mode" in metafunc.fixturenames:
        metafunc.parametrize("mode", mark.kwargs.get("modes", MODES))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long", False):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        mark = item.get_closest_marker("scenario")
        if mark is None:
            continue
        number, title = mark.args
        if not item.name.startswith(f"test_{number:03}_"):
            raise pytest.UsageError(f"{item.nodeid} is scenario {number}: name it test_{number:03}_…")
        in_process = "reader" in getattr(item, "fixturenames", ())
        callspec = getattr(item, "callspec", None)
        mode = callspec.params.get("mode", "") if callspec else ""
        item.user_properties.append(("scenario", [number, title, mode, in_process]))


@pytest.fixture
def mode(request: pytest.FixtureRequest) -> Mode:
    """Overridden for every scenario by `pytest_generate_tests`."""
    chosen: Mode = request.param
    return chosen


@pytest.fixture
def is_torture(request: pytest.FixtureRequest) -> bool:
    """Whether scenarios that can be made longer are to be long."""
    return bool(request.config.getoption("--torture", False))


@pytest.fixture
def stage(tmp_path: Path, mode: Mode) -> Iterator[Stage]:
    """A folder with a daemon that is configured and not started."""
    with Stage(tmp_path, mode) as stage:
        yield stage


@pytest.fixture
def reader(tmp_path: Path, mode: Mode) -> Generator[Reader]:
    """What reads, in this process; follows `*.log`."""
    reader = Reader(tmp_path, mode)
    yield reader
    reader.account.close()
    reader.close()
