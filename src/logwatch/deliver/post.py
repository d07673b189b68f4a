"""One POST, and what its answer means. The address stays secret.

An address can hold a token in its path and must not reach a log: neither the errors raised here, nor the
exceptions they stem from, mention it, and an answer is quoted only where it cannot repeat it.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp

from logwatch.errors import DeliveryError

# Standard Webhooks recommends 15 to 30 seconds.
TIMEOUT_S = 15.0
# The first words say what was wrong; a receiver could go on for ever.
MAX_ANSWER = 2048

_UNAUTHORIZED = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}
)
# Refusals that pass by themselves: a load balancer answers 404 while the service behind it is replaced.
_PASSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
# `invalid_payload` and the like. Nothing that could repeat a token or a path.
_PLAIN_WORDS = re.compile(r"[a-z][a-z_ ]{0,63}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the text, and the `Retry-After` header as it stands."""

    status: int
    text: str
    retry_after: str | None = None


async def post(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float = TIMEOUT_S,
    most: int = MAX_ANSWER,
) -> Answer:
    """Posts `body` once; redirects are not followed. Of the answer at most `most` bytes are read.

    Raises:
        DeliveryError: there was no answer. What the answer means is for `expect_taken` to say.
    """
    try:
        async with session.post(
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        ) as response:
            return Answer(
                response.status, await _beginning(response, most), response.headers.get("Retry-After")
            )
    except TimeoutError:
        failure = DeliveryError(f"no answer within {timeout_s:g} s", outcome="timeout", retryable=True)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        failure = DeliveryError("its address is not a URL", outcome="client_error", retryable=False)
    except (aiohttp.ClientError, OSError) as error:
        failure = DeliveryError(_what_happened(error), outcome="network_error", retryable=True)
    # Raised out here so that it does not drag along the exception that names the address.
    raise failure


def expect_taken(answer: Answer, now: float) -> None:
    """Returns where `answer` says that the message was taken (2xx).

    Raises:
        DeliveryError: it was not. Server errors, rate limits, redirects and a few other refusals are worth
            another try; 410 asks never to be tried again.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    words = f"HTTP {status} {_reason(status)}".rstrip()
    if _PLAIN_WORDS.fullmatch(said := answer.text.strip()):
        words += f": {said}"
    if 300 <= status < 400:
        words += ": redirects are not followed; configure the address it leads to"
    raise DeliveryError(
        words,
        outcome=_outcome(status),
        retryable=status == HTTPStatus.TOO_MANY_REQUESTS or not 400 <= status < 500 or status in _PASSING,
        retry_after_s=retry_after_s(answer.retry_after, now),
        disable=status == HTTPStatus.GONE,
    )


def retry_after_s(header: str | None, now: float) -> float | None:
    """Seconds to wait by a `Retry-After` header, which holds seconds or a date (RFC 9110, 10.2.3).

    None without a usable one. `now` is in seconds since the epoch.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except ValueError:
            return None
        # A date without a zone is in UTC, says the RFC.
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
    return max(0.0, seconds) if math.isfinite(seconds) else None


async def _beginning(response: aiohttp.ClientResponse, most: int) -> str:
    """The first bytes of the answer. It has been given: what goes wrong while it is read changes nothing."""
    read = b""
    try:
        while len(read) < most and (piece := await response.content.read(most - len(read))):
            read += piece
    except (aiohttp.ClientError, TimeoutError, OSError):
        response.close()
    return read.decode("utf-8", "replace")


def _outcome(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limited"
    if status in _UNAUTHORIZED:
        return "auth_error"
    return "server_error" if status >= 500 else "client_error"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _what_happened(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name does not resolve"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    # `strerror` can hold addresses; the number cannot.
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return f"the connection failed ({type(error).__name__})"
