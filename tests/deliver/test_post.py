"""One POST against servers that answer well, badly, or not at all."""

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from logwatch.deliver.post import MAX_ANSWER, Answer, expect_taken, post, retry_after_s
from logwatch.errors import DeliveryError

from .fakes import http_server, raw_server

SECRET = "T0KEN-in-the-path"
NOW = 1_795_326_000.0


def assert_keeps_the_secret(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error)) + repr(error)
    seen: BaseException | None = error
    while seen is not None:
        told += str(seen)
        seen = seen.__context__ or seen.__cause__
    assert SECRET not in told


async def failure_of(work: Awaitable[Any]) -> DeliveryError:
    with pytest.raises(DeliveryError) as failed:
        await work
    assert_keeps_the_secret(failed.value)
    return failed.value


def answering(status: int, text: str = "", headers: dict[str, str] | None = None) -> Callable[..., Any]:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers=headers)

    return handler


async def test_body_and_headers_arrive_as_they_are(session: aiohttp.ClientSession) -> None:
    seen: list[tuple[bytes, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((await request.read(), request.headers.get("webhook-id")))
        return web.Response(text="ok")

    async with http_server(handler) as url:
        answer = await post(session, f"{url}/{SECRET}", b'{"a":1}', {"webhook-id": "m1"})
    assert seen == [(b'{"a":1}', "m1")]
    assert answer == Answer(200, "ok")
    expect_taken(answer, NOW)


@pytest.mark.parametrize(
    ("status", "outcome", "retryable", "disable"),
    [
        (429, "rate_limited", True, False),
        (500, "server_error", True, False),
        (502, "server_error", True, False),
        (503, "server_error", True, False),
        (599, "server_error", True, False),
        (400, "client_error", False, False),
        (413, "client_error", False, False),
        (422, "client_error", False, False),
        (401, "auth_error", False, False),
        (403, "auth_error", False, False),
        (404, "client_error", True, False),
        (408, "client_error", True, False),
        (410, "client_error", False, True),
        (302, "client_error", True, False),
        (304, "client_error", True, False),
    ],
)
async def test_what_an_answer_means(
    session: aiohttp.ClientSession, status: int, outcome: str, retryable: bool, disable: bool
) -> None:
    async with http_server(answering(status)) as url:
        answer = await post(session, url, b"", {})
    with pytest.raises(DeliveryError, match=f"HTTP {status}") as refused:
        expect_taken(answer, NOW)
    error = refused.value
    assert (error.outcome, error.retryable, error.disable) == (outcome, retryable, disable)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    expect_taken(Answer(status, "whatever"), NOW)


async def test_redirects_are_not_followed(session: aiohttp.ClientSession) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with http_server(handler) as url:
        answer = await post(session, f"{url}/here", b"", {})
    assert asked == ["/here"]
    with pytest.raises(DeliveryError, match="redirects are not followed"):
        expect_taken(answer, NOW)


async def test_an_answer_that_repeats_the_address_is_not_quoted(session: aiohttp.ClientSession) -> None:
    async with http_server(answering(404, f"no route for /{SECRET}")) as url:
        answer = await post(session, f"{url}/{SECRET}", b"", {})
    with pytest.raises(DeliveryError) as refused:
        expect_taken(answer, NOW)
    assert str(refused.value) == "HTTP 404 Not Found"
    assert_keeps_the_secret(refused.value)


def test_an_answer_of_plain_words_is_quoted() -> None:
    with pytest.raises(DeliveryError, match=r"^HTTP 400 Bad Request: invalid_payload$"):
        expect_taken(Answer(400, "invalid_payload\n"), NOW)


async def test_retry_after_is_handed_on(session: aiohttp.ClientSession) -> None:
    async with http_server(answering(429, headers={"Retry-After": "37"})) as url:
        answer = await post(session, url, b"", {})
    with pytest.raises(DeliveryError) as refused:
        expect_taken(answer, NOW)
    assert refused.value.retry_after_s == 37


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 05:40:30 GMT", 30),
        ("Sun, 22 Nov 2026 05:40:30 -0000", 30),
        ("Sun, 22 Nov 2026 05:39:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Sun, 99 Nov 2026", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


async def test_nobody_listening_is_a_network_error(session: aiohttp.ClientSession) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await failure_of(post(session, f"http://127.0.0.1:{port}/{SECRET}", b"", {}))
    assert (error.outcome, error.retryable) == ("network_error", True)
    assert str(error) == "Connection refused"


async def test_a_server_that_never_answers_runs_into_the_time_limit(session: aiohttp.ClientSession) -> None:
    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with raw_server(silent) as url:
        error = await failure_of(post(session, f"{url}/{SECRET}", b"", {}, timeout_s=0.05))
    assert (error.outcome, error.retryable) == ("timeout", True)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-"])
async def test_garbage_is_a_network_error(session: aiohttp.ClientSession, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with raw_server(talk) as url:
        error = await failure_of(post(session, f"{url}/{SECRET}", b"", {}))
    assert (error.outcome, error.retryable) == ("network_error", True)


async def test_an_endless_answer_is_read_only_so_far(session: aiohttp.ClientSession) -> None:
    hung_up = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            hung_up.set()
        return response

    async with http_server(handler) as url:
        answer = await post(session, url, b"", {})
        async with asyncio.timeout(10):
            await hung_up.wait()
    assert len(answer.text) == MAX_ANSWER


async def test_an_answer_that_breaks_off_is_still_the_answer(session: aiohttp.ClientSession) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok")
        await writer.drain()

    async with raw_server(talk) as url:
        answer = await post(session, url, b"", {})
    assert answer.status == 200
    expect_taken(answer, NOW)


async def test_a_name_that_does_not_resolve() -> None:
    class NoNames(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise OSError(f"{host}:{port}:{family}: no such name")

        async def close(self) -> None: ...

    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        error = await failure_of(post(session, f"http://hooks.example/{SECRET}", b"", {}))
    assert (error.outcome, error.retryable) == ("network_error", True)
    assert str(error) == "its name does not resolve"


@pytest.mark.parametrize("url", [f"ftp://127.0.0.1/{SECRET}", f"http://:99999999/{SECRET}", SECRET])
async def test_an_address_that_is_none_is_not_tried_again(session: aiohttp.ClientSession, url: str) -> None:
    error = await failure_of(post(session, url, b"", {}))
    assert (error.outcome, error.retryable) == ("client_error", False)
