"""Apprise, by a library that does as told: the real one is an extra, and talks to the world."""

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from logwatch.deliver.apprise import MAX_BODY, MAX_MARKS, MAX_TITLE, Apprise
from logwatch.errors import DeliveryError
from render.incidents import HUGE, incident

from .fakes import message

URLS = ["mailtos://ada:secret@example.com", "msteams://token"]
Answer = Callable[[str], bool]


class Library:
    """What `import apprise` gives."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        library = self

        class Destinations:
            def __init__(self) -> None:
                self.urls: list[str] = []

            def add(self, url: str) -> bool:
                self.urls.append(url)
                return "://" in url

            def notify(self, **what: Any) -> bool:
                library.sent.extend((url, what) for url in self.urls)
                return all(map(answer, self.urls))

        self.module = SimpleNamespace(Apprise=Destinations)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], Library]:
    def install(answer: Answer) -> Library:
        made = Library(answer)
        monkeypatch.setitem(sys.modules, "apprise", made.module)
        return made

    return install


async def test_every_address_gets_the_message(library: Callable[[Answer], Library]) -> None:
    made = library(lambda _: True)
    await Apprise("mail", URLS).send(message("m1"))
    assert [url for url, _ in made.sent] == URLS
    said = made.sent[0][1]
    assert (said["notify_type"], said["body_format"]) == ("failure", "text")
    assert "Watchdog caught collective operation timeout" in said["title"]
    assert "Do this first" in said["body"]


async def test_those_that_took_it_are_not_asked_again(library: Callable[[Answer], Library]) -> None:
    working = {URLS[0]}
    made = library(lambda url: url in working)
    receiver = Apprise("mail", URLS)
    with pytest.raises(DeliveryError, match="1 of 2") as failed:
        await receiver.send(message("m1"))
    assert failed.value.retryable
    working.add(URLS[1])
    await receiver.send(message("m1"))
    assert [url for url, _ in made.sent] == [*URLS, URLS[1]]


async def test_an_address_that_is_none_is_told_by_its_number(library: Callable[[Answer], Library]) -> None:
    library(lambda _: True)
    with pytest.raises(DeliveryError, match="address 2") as failed:
        await Apprise("mail", [URLS[0], "hunter2"]).send(message("m1"))
    assert not failed.value.retryable
    assert "hunter2" not in str(failed.value)


async def test_a_missing_library_keeps_messages_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(DeliveryError, match="pip install") as failed:
        await Apprise("mail", URLS).send(message("m1"))
    assert failed.value.retryable


async def test_one_that_hangs_is_given_up_for_now(library: Callable[[Answer], Library]) -> None:
    let_go = threading.Event()
    library(lambda _: let_go.wait(30))
    try:
        with pytest.raises(DeliveryError) as failed:
            await Apprise("mail", URLS, timeout_s=0.05).send(message("m1"))
        assert failed.value.outcome == "timeout"
    finally:
        let_go.set()


async def test_marks_of_messages_that_were_given_up_are_bounded(library: Callable[[Answer], Library]) -> None:
    library(lambda _: False)
    receiver = Apprise("mail", URLS[:1])
    for n in range(MAX_MARKS + 5):
        receiver._taken[f"m{n}"] = set()
    with pytest.raises(DeliveryError):
        await receiver.send(message("last"))
    assert len(receiver._taken) == MAX_MARKS


@pytest.mark.parametrize("huge", HUGE)
async def test_no_message_is_longer_than_most_destinations_take(
    library: Callable[[Answer], Library], huge: str
) -> None:
    made = library(lambda _: True)
    big = message("m1")
    object.__setattr__(big.notice, "incident", incident(title=huge, root_cause=huge))
    await Apprise("mail", URLS[:1]).send(big)
    assert len(made.sent[0][1]["body"]) <= MAX_BODY
    assert len(made.sent[0][1]["title"]) <= MAX_TITLE


def test_its_addresses_are_not_shown() -> None:
    assert "secret" not in repr(Apprise("mail", URLS))
