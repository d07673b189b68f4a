"""What holds for all tests: none reads or leaves anything in the cache of whoever runs them, and none is timed."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A machine that does other things is no mistake of the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGWATCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _can_be_interrupted() -> None:
    """A shell has what it starts in the background ignore SIGINT, and so would all that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
