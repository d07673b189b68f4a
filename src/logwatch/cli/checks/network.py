"""Whether the port is free and the receivers can be reached. No message is sent."""

import base64
import errno
import http.client
import os
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from logwatch.cli.checks.finding import Finding, Mark

# A healthy receiver answers within a tenth of that from anywhere on earth.
CONNECT_S = 5.0
_REMEDIES = {
    errno.EACCES: "name a port above 1023 under http.listen",
    errno.EADDRINUSE: "stop what listens there (ss -ltnp tells), or name another port under http.listen",
    errno.EADDRNOTAVAIL: "name an address of this machine under http.listen",
}


def check_port(address: tuple[str, int] | None) -> Iterator[Finding]:
    """Binds to host and port and lets go of them again; an empty host stands for all addresses."""
    if address is None:
        yield Finding(Mark.OK, "http", "off")
        return
    host, port = address
    spoken = _spoken(host, port)
    try:
        _bind(host, port)
    except socket.gaierror:
        yield Finding(
            Mark.TROUBLE, "http", f"{spoken}: the name is not known", _REMEDIES[errno.EADDRNOTAVAIL]
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_logwatch(host, port):
            yield Finding(
                Mark.WARNING,
                "http",
                f"{spoken} is in use by a running logwatch",
                "leave it if that is the daemon of this configuration",
            )
            return
        why = os.strerror(error.errno) if error.errno else str(error)
        remedy = _REMEDIES.get(error.errno or 0, "name another address under http.listen")
        yield Finding(Mark.TROUBLE, "http", f"{spoken}: {why}", remedy)
    else:
        yield Finding(Mark.OK, "http", f"{spoken} is free")


def check_receiver(subject: str, urls: Sequence[str], offline: bool) -> Iterator[Finding]:
    """Connects to each of `urls`, with TLS where they say so. Of an address only host and port are told.

    A receiver without addresses is this terminal.
    """
    if not urls:
        yield Finding(Mark.OK, subject, "standard output")
    for url in urls:
        parts = urlsplit(url)
        host, tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        where = _spoken(host, port)
        if offline:
            yield Finding(Mark.OK, subject, f"{where}, not tried (--offline)")
            continue
        proxy = _proxy(parts.scheme, host)
        by_way = f" by way of the proxy {_spoken(*proxy.address)}" if proxy else ""
        trouble, remedy = _why_not_reachable(host, port, tls, proxy)
        yield Finding(
            Mark.TROUBLE if trouble else Mark.OK,
            subject,
            f"{where}{by_way}: {trouble}"
            if trouble
            else f"{where} can be reached{' over TLS' * tls}{by_way}",
            remedy,
        )


def _bind(host: str, port: int) -> None:
    places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, where in places:
        with socket.socket(family, kind, protocol) as tried:
            # As the daemon does: a port in TIME_WAIT is free, and IPv6 does not take the IPv4 port as well.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind(where)
            tried.listen(1)


def _is_logwatch(host: str, port: int) -> bool:
    """Whether what listens there serves our metrics."""
    asked = http.client.HTTPConnection(host or "localhost", port, timeout=CONNECT_S)
    try:
        asked.request("GET", "/metrics")
        return b"logwatch_build_info" in asked.getresponse().read(1 << 20)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


@dataclass(frozen=True, slots=True)
class _Proxy:
    """A forward proxy, as HTTPS_PROXY and its kin name it."""

    address: tuple[str, int]
    credentials: str

    @property
    def headers(self) -> dict[str, str]:
        basic = base64.b64encode(self.credentials.encode()).decode()
        return {"Proxy-Authorization": f"Basic {basic}"} if self.credentials else {}


def _proxy(scheme: str, host: str) -> _Proxy | None:
    """The proxy that deliveries to `host` will take: they trust the environment, so this does, too."""
    named = urllib.request.getproxies().get(scheme)
    if named is None or urllib.request.proxy_bypass(host):
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return _Proxy((parts.hostname or "", parts.port or 80), credentials)


def _connect(host: str, port: int, tls: bool, proxy: _Proxy | None) -> None:
    """Connects, shakes hands, hangs up. Of a proxy for plain HTTP only the proxy itself is reached."""
    first = proxy.address if proxy else (host, port)
    if tls:
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *first, timeout=CONNECT_S, context=context
        )
        if proxy:
            connection.set_tunnel(host, port, proxy.headers)
    else:
        connection = http.client.HTTPConnection(*first, timeout=CONNECT_S)
    try:
        connection.connect()
    finally:
        connection.close()


def _why_not_reachable(host: str, port: int, tls: bool, proxy: _Proxy | None) -> tuple[str, str]:
    try:
        _connect(host, port, tls, proxy)
    except ssl.SSLCertVerificationError as error:
        return (
            f"its certificate is not trusted: {error.verify_message}",
            "add its issuer to the system's certificates, or name them in SSL_CERT_FILE",
        )
    except ssl.SSLError as error:
        return f"no TLS: {error.reason or error}", "write http:// if it does not speak TLS"
    except socket.gaierror as error:
        return f"the name cannot be resolved: {error.strerror}", "correct the host, or the name server"
    except TimeoutError:
        return f"no answer in {CONNECT_S:g} s", "open the firewall between here and there"
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return why, "correct the proxy" if proxy else "start it, or correct host and port"
    return "", ""


def _spoken(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host or '*'}:{port}"
