"""What a running daemon answers, and that nobody can hold it up."""

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from logwatch.deliver.metrics import Metrics
from logwatch.deliver.server import MAX_CONNECTIONS, SCRAPER_HEADER, HttpServer, split_listen
from logwatch.errors import ListenError

SCRAPER = {SCRAPER_HEADER: "10", "User-Agent": "Prometheus/2.42.0"}
IDENTITY = {"Accept-Encoding": "identity"}
HOSTILE = "<script>alert(1)</script>"


@asynccontextmanager
async def serving(
    metrics: Metrics | None = None,
    *,
    listen: str = "127.0.0.1:0",
    checks: Callable[[], Mapping[str, bool | str]] = dict,
    status: Callable[[], Mapping[str, Any]] = dict,
    **options: Any,
) -> AsyncIterator[HttpServer]:
    server = HttpServer(listen, metrics or Metrics(), checks, status, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def asking(
    server: HttpServer, path: str, method: str = "GET", **headers: str
) -> AsyncIterator[aiohttp.ClientResponse]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, f"http://{server.address}{path}", headers=IDENTITY | headers) as answer,
    ):
        yield answer


async def text(server: HttpServer, path: str, **headers: str) -> str:
    async with asking(server, path, **headers) as answer:
        return await answer.text()


async def status_of(server: HttpServer, path: str, method: str = "GET") -> int:
    async with asking(server, path, method) as answer:
        return answer.status


def port(server: HttpServer) -> int:
    return split_listen(server.address)[1]


async def becomes(condition: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def counted_once() -> Metrics:
    metrics = Metrics()
    metrics.matched("cuda/oom", "cuda", "memory", "error", "train")
    return metrics


def matches(body: str) -> list[str]:
    """The values of all series of the metric."""
    lines = [line for line in body.splitlines() if line.startswith("logwatch_matches_total{")]
    return [line.rpartition(" ")[2] for line in lines]


async def test_metrics_come_as_text_for_prometheus() -> None:
    async with serving(counted_once()) as server, asking(server, "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert matches(await answer.text()) == ["1.0"]


async def test_openmetrics_is_for_those_who_ask_for_it() -> None:
    async with (
        serving() as server,
        asking(server, "/metrics", Accept="application/openmetrics-text;version=1.0.0") as answer,
    ):
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await answer.text()).endswith("# EOF\n")


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("GZIP", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("", False),
    ],
)
async def test_gzip_is_for_those_who_accept_it(accepted: str, zipped: bool) -> None:
    async with (
        serving(counted_once()) as server,
        asking(server, "/metrics", **{"Accept-Encoding": accepted}) as answer,
    ):
        assert (answer.headers.get("Content-Encoding") == "gzip") is zipped
        body = await answer.read()
        assert matches((gzip.decompress(body) if zipped else body).decode()) == ["1.0"]


async def test_a_scraper_sees_zero_first_and_a_person_in_between_the_truth() -> None:
    async with serving(counted_once()) as server:
        assert matches(await text(server, "/metrics", **SCRAPER)) == ["0.0"]
        assert matches(await text(server, "/metrics")) == ["1.0"]
        assert matches(await text(server, "/metrics", **SCRAPER)) == ["1.0"]


async def test_scrapers_are_told_apart_by_their_user_agent() -> None:
    async with serving(counted_once()) as server:
        other = SCRAPER | {"User-Agent": "vm_promscrape"}
        assert matches(await text(server, "/metrics", **SCRAPER)) == ["0.0"]
        assert matches(await text(server, "/metrics", **other)) == ["0.0"]
        assert matches(await text(server, "/metrics", **SCRAPER)) == ["1.0"]


async def test_a_scraper_that_asks_for_no_body_has_not_seen_anything() -> None:
    async with serving(counted_once()) as server:
        async with asking(server, "/metrics", "HEAD", **SCRAPER) as answer:
            assert answer.status == 200
        assert matches(await text(server, "/metrics", **SCRAPER)) == ["0.0"]


async def test_a_scraper_that_went_away_before_its_answer_is_shown_the_zero_again() -> None:
    metrics = counted_once()
    for n in range(20_000):
        metrics.matched(f"x/{n}", "x" * 200, "c", "error", "train")
    async with serving(metrics) as server:
        with socket.socket() as scraper:
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            scraper.connect(("127.0.0.1", port(server)))
            scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nUser-Agent: Prometheus/2.42.0\r\n")
            scraper.sendall(f"{SCRAPER_HEADER}: 10\r\n\r\n".encode())
            await asyncio.to_thread(scraper.recv, 1)
        assert set(matches(await text(server, "/metrics", **SCRAPER))) == {"0.0"}


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
async def test_a_daemon_that_is_not_ready_is_alive_all_the_same(path: str) -> None:
    async with serving(checks=lambda: {"catalogue": False}) as server:
        assert await status_of(server, path) == 200


async def test_ready_means_that_every_check_passes() -> None:
    found: dict[str, bool | str] = {"catalogue": True, "sources": "no file matches *.log", "state": False}
    async with serving(checks=lambda: found) as server:
        async with asking(server, "/readyz") as answer:
            assert answer.status == 503
            assert await answer.text() == "[-] sources: no file matches *.log\n[-] state\nnot ok\n"
        found |= {"sources": True, "state": True}
        async with asking(server, "/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_verbose_lists_the_checks_that_pass_too() -> None:
    async with serving(checks=lambda: {"catalogue": True, "state": "read\nonly"}) as server:
        assert await text(server, "/readyz?verbose") == "[+] catalogue\n[-] state: read only\nnot ok\n"
        assert await text(server, "/livez?verbose") == "[+] loop\nok\n"


async def test_the_status_page_shows_the_status_and_runs_nothing() -> None:
    async with serving(status=lambda: {HOSTILE: HOSTILE}) as server, asking(server, "/") as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        page = await answer.text()
        assert "&lt;script&gt;" in page
        assert "<script" not in page


@pytest.mark.parametrize("path", ["/metrics/", "/metricsx", "/healthz/x", "/favicon.ico", "/-/reload"])
async def test_there_is_nothing_elsewhere(path: str) -> None:
    async with serving() as server:
        assert await status_of(server, path) == 404


@pytest.mark.parametrize("path", ["/", "/metrics", "/livez", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(path: str, method: str) -> None:
    async with serving() as server:
        assert await status_of(server, path, method) == 405


async def raw(server: HttpServer, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port(server))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "asked",
    [b"GET /metrics HTTP/1.1", b"GET /no HTTP/1.1", b"POST / HTTP/1.1", b"\x16\x03\x01 TLS", b"GET / HTTP/9"],
)
async def test_no_answer_tells_the_versions_of_what_is_inside(asked: bytes) -> None:
    async with serving() as server:
        answer = await raw(server, asked + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert head.startswith(b"http/1.")
        assert b"server: logwatch" in head
        assert b"python" not in head
        assert b"aiohttp" not in head


async def test_nonsense_is_refused_without_a_word_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:
        assert b" 400 " in await raw(server, b"<!channel> \xff\r\n\r\n")
    assert caplog.records == []


async def test_a_fault_of_ours_is_logged_and_told_without_details(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Mapping[str, bool | str]:
        raise RuntimeError("a secret path")

    async with serving(checks=broken) as server, asking(server, "/readyz") as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()
        assert "aiohttp" not in answer.headers["Server"]
    assert "a secret path" in caplog.text


async def test_a_client_that_does_not_read_is_dropped_and_holds_up_nobody() -> None:
    big = {"a": "x" * (16 << 20)}  # more than the kernel buffers for a connection
    async with serving(status=lambda: big, patience_s=0.3) as server:
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(("127.0.0.1", port(server)))
            lazy.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await status_of(server, "/livez") == 200
            inside = server._runner.server
            await becomes(lambda: inside is not None and not inside.connections)
            assert await asyncio.to_thread(received, lazy) < 16 << 20


def received(connection: socket.socket) -> int:
    """How many bytes come before the end."""
    connection.settimeout(20)
    return sum(iter(lambda: len(connection.recv(1 << 20)), 0))


async def test_idle_connections_make_room_for_those_who_ask() -> None:
    async with serving() as server:
        idle = [socket.create_connection(("127.0.0.1", port(server))) for _ in range(MAX_CONNECTIONS + 5)]
        try:
            assert await status_of(server, "/livez") == 200
            assert await asyncio.to_thread(received, idle[0]) == 0
            idle[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                idle[-1].recv(1)
        finally:
            for connection in idle:
                connection.close()


async def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    async with serving() as first:
        second = HttpServer(first.address, Metrics(), dict, dict)
        with pytest.raises(ListenError, match="free port") as refused:
            await second.start()
        assert first.address in str(refused.value)
        assert "in use" in str(refused.value)
        assert await status_of(first, "/livez") == 200


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "no.such.host.invalid:0", f"{'x' * 70}.invalid:0"])
async def test_an_address_of_another_host_is_refused_with_a_remedy(listen: str) -> None:
    with pytest.raises(ListenError, match=r"http\.listen"):
        await HttpServer(listen, Metrics(), dict, dict).start()


async def test_ipv6_works() -> None:
    async with serving(listen="[::1]:0") as server:
        assert server.address.startswith("[::1]:")
        assert await status_of(server, "/livez") == 200


async def test_after_closing_nobody_answers_and_the_port_is_free() -> None:
    async with serving() as server:
        address = server.address
        assert await status_of(server, "/livez") == 200
    async with serving(listen=address) as again:
        assert again.address == address


@pytest.mark.parametrize(
    ("listen", "parts"),
    [
        ("127.0.0.1:9477", ("127.0.0.1", 9477)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:80", ("localhost", 80)),
        (":9477", ("", 9477)),
    ],
)
def test_host_and_port_are_told_apart(listen: str, parts: tuple[str, int]) -> None:
    assert split_listen(listen) == parts


@pytest.mark.parametrize(
    "listen", ["", "9477", "localhost", "localhost:", "localhost:http", "::1:9477", "a:65536", "a:-1", "a:²"]
)
def test_what_is_no_address_is_refused_with_an_example(listen: str) -> None:
    with pytest.raises(ValueError, match="for example"):
        split_listen(listen)
