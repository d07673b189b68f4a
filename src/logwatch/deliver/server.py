"""What can be asked of a running daemon over HTTP: metrics, health, a status page. Nothing can be changed."""

import asyncio
import contextlib
import errno
import gzip
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from logwatch.deliver import status_page
from logwatch.deliver.metrics import Metrics, Snapshot
from logwatch.errors import ListenError
from logwatch.render.inert import inert_line

Checks = Callable[[], Mapping[str, bool | str]]
Status = Callable[[], Mapping[str, Any]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Prometheus, vmagent and Alloy send it; people and their tools do not.
SCRAPER_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
# A redundant pair of scrapers, an agent, the kubelet's probes and a few people need a dozen.
MAX_CONNECTIONS = 32
# Longer than the usual interval of a minute, so that scrapers can go on using their connection.
KEEPALIVE_S = 75.0
# Prometheus gives up after ten seconds by default; whoever takes longer is not reading.
PATIENCE_S = 30.0
# For requests under way when the daemon stops; it has to be gone before its own stop time-out.
SHUTDOWN_S = 2.0

_HEADERS = {
    "Server": "logwatch",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": status_page.CONTENT_SECURITY_POLICY,
}
_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there (`ss -ltnp` names it), or set http.listen to a free port",
    errno.EACCES: "set http.listen to a port above 1023",
}
_REMEDY = "set http.listen to an address of this host, for example 127.0.0.1:9477 or 0.0.0.0:9477"
# `gzip;q=0` in Accept-Encoding is a refusal.
_REFUSED = re.compile(r"\s*q=0(\.0*)?\s*")


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9477`, `[::1]:9477` or `:9477` (an empty host: every address).

    Raises:
        ValueError: with what to write instead.
    """
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{listen!r} is no host and port: write for example 127.0.0.1:9477")
    if ":" in host and not bracketed:
        raise ValueError(f"{listen!r} is ambiguous: write brackets, for example [::1]:9477")
    return (host[1:-1] if bracketed else host), int(port)


class HttpServer:
    """Answers GET on `/metrics`, `/livez`, `/healthz`, `/readyz`, `/` and `/status.json`.

    `checks` says of each thing that must work before the daemon is ready: True, or why not. `status` is what
    the status page shows (see `status_page.page`), `report` the same for programs. All are called on the loop
    and must not wait.
    `clock` gives seconds since the epoch; `patience_s` is how long a client may take over one answer.
    """

    def __init__(
        self,
        listen: str,
        metrics: Metrics,
        checks: Checks,
        status: Status,
        *,
        report: Status = dict,
        clock: Callable[[], float] = time.time,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._listen = listen
        self._metrics = metrics
        self._checks = checks
        self._status = status
        self._report = report
        self._clock = clock
        self._patience_s = patience_s
        self._encoding = asyncio.Lock()
        # A thread of its own: those of the loop may all be stuck in a mount that hangs.
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        self._listener: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens, with the port that the system chose where port 0 was asked for."""
        if self._listener is None:
            return self._listen
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def start(self) -> None:
        """Begins to listen.

        Raises:
            ListenError: when the address cannot be had.
        """
        await self._runner.setup()
        server = cast("web.Server", self._runner.server)
        loop = asyncio.get_running_loop()
        try:
            host, port = split_listen(self._listen)
            self._listener = await loop.create_server(lambda: _Connection(server), host or None, port)
        except (OSError, ValueError) as error:
            await self.close()
            raise ListenError(_cannot_listen(self._listen, error)) from error

    async def close(self) -> None:
        """Stops listening; requests under way have two seconds to end."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._runner.cleanup()
        self._encoder.shutdown(wait=False)

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._in_time])
        app.on_response_prepare.append(_dress)
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/livez", self._get_livez)
        app.router.add_get("/healthz", self._get_livez)
        app.router.add_get("/readyz", self._get_readyz)
        app.router.add_get("/", self._get_status)
        app.router.add_get("/status.json", self._get_report)
        return app

    @web.middleware
    async def _in_time(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Sends the answer itself: aiohttp would wait for ever for a client that does not read."""
        try:
            async with asyncio.timeout(self._patience_s):
                response = await handler(request)
                with contextlib.suppress(ConnectionError):
                    await response.prepare(request)
                    await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise
        # In doubt it was not sent: a scraper may well be shown its 0 twice.
        if isinstance(response, _Exposition) and request.transport is not None:
            self._metrics.shown(response.snapshot)
        return response

    async def _get_metrics(self, request: web.Request) -> web.StreamResponse:
        accept = ",".join(request.headers.getall("Accept", []))
        zipped = _accepts_gzip(",".join(request.headers.getall("Accept-Encoding", [])))
        # One at a time: however many ask, there is one copy of the values.
        async with self._encoding:
            snapshot = self._metrics.snapshot(_scraper(request), self._clock())
            return await asyncio.get_running_loop().run_in_executor(
                self._encoder, _exposition, snapshot, accept, zipped
            )

    async def _get_livez(self, request: web.Request) -> web.StreamResponse:
        # Whoever can answer is alive. A dead receiver or source must not have the daemon restarted.
        return _health({"loop": True}, request)

    async def _get_readyz(self, request: web.Request) -> web.StreamResponse:
        return _health(self._checks(), request)

    async def _get_status(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=status_page.page(self._status()), content_type="text/html", charset="utf-8")

    async def _get_report(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._report())


class _Exposition(web.Response):
    """An answer with metrics, and what it shows."""

    def __init__(self, snapshot: Snapshot, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(body=body, headers=headers)
        self.snapshot = snapshot


class _Connection(web.RequestHandler):
    def __init__(self, server: web.Server) -> None:
        self._server = server
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=1.0,  # nothing that is asked here has a body
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # An answer counts as sent when the kernel has all of it.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)
        super().connection_made(transport)
        self._make_room()

    def _make_room(self) -> None:
        """Drops the oldest connection if there are too many: idle ones must not keep out a scraper."""
        connected = [c for c in self._server.connections if isinstance(c, _Connection) and c.connected]
        if len(connected) > MAX_CONNECTIONS:
            connected[0].abort()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Only a fault of ours is logged: whoever sends nonsense shall not fill our log with it."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            response = super().handle_error(request, status, exc, message)
        else:
            response = web.Response(status=status, text=HTTPStatus(status).phrase)
            response.force_close()
        response.headers.update(_HEADERS)
        return response


async def _dress(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _scraper(request: web.Request) -> str | None:
    """A name for who asks, if it is one that keeps what it reads: see `first_seen`."""
    if SCRAPER_HEADER not in request.headers or request.method != "GET":
        return None
    return f"{request.remote} {request.headers.get('User-Agent', '')}"


def _exposition(snapshot: Snapshot, accept: str, zipped: bool) -> _Exposition:
    body, content_type = snapshot.encode(accept)
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if zipped:
        # Level 1: on metrics the higher ones save little and cost three times the work.
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    return _Exposition(snapshot, body, headers)


def _accepts_gzip(accept_encoding: str) -> bool:
    offers = (offer.partition(";") for offer in accept_encoding.lower().split(","))
    return any(coding.strip() == "gzip" and not _REFUSED.fullmatch(weight) for coding, _, weight in offers)


def _health(checks: Mapping[str, bool | str], request: web.Request) -> web.Response:
    """Programs read the status, people the text."""
    failed = {name: found for name, found in checks.items() if found is not True}
    told = checks if "verbose" in request.query else failed
    lines = [f"[{'+' if found is True else '-'}] {name}{_why(found)}" for name, found in told.items()]
    return web.Response(
        status=HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK,
        text="\n".join([*lines, "not ok" if failed else "ok"]) + "\n",
    )


def _why(found: bool | str) -> str:
    return f": {inert_line(found)}" if isinstance(found, str) else ""


def _cannot_listen(listen: str, error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return f"http.listen: {error}"
    number = error.errno or 0
    # The resolver's numbers are negative, and it brings its own words.
    what = os.strerror(number) if number > 0 else error.strerror or str(error)
    return f"cannot listen on {listen}: {what}\n    → {_REMEDIES.get(number, _REMEDY)}"
