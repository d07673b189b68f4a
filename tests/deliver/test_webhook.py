"""What a generic webhook gets."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import aiohttp
import pytest
from aiohttp import web

from logwatch.deliver.webhook import Webhook
from logwatch.errors import DeliveryError

from .fakes import EPOCH, http_server, message
from .test_post import SECRET, answering, assert_keeps_the_secret

KEYS = (b"a" * 32, b"b" * 32)
SECRETS = tuple("whsec_" + base64.b64encode(key).decode() for key in KEYS)


def verified(headers: Mapping[str, str], body: bytes, key: bytes) -> bool:
    """As the specification has a receiver check it."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


async def test_the_body_is_signed_with_every_secret(session: aiohttp.ClientSession) -> None:
    got: list[tuple[Mapping[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with http_server(handler) as url:
        receiver = Webhook("pager", f"{url}/{SECRET}", SECRETS, session, clock=lambda: EPOCH + 0.9)
        await receiver.send(message("m1"))
    [(headers, body)] = got
    assert all(verified(headers, body, key) for key in KEYS)
    assert headers["webhook-id"] == "m1"
    assert headers["webhook-timestamp"] == str(int(EPOCH))
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("logwatch/")
    assert json.loads(body)["type"] == "logwatch.incident.opened"


async def test_every_try_has_its_own_time_and_the_same_id(session: aiohttp.ClientSession) -> None:
    tries: list[tuple[str, str]] = []
    times = iter([EPOCH, EPOCH, EPOCH + 60, EPOCH + 60])

    async def handler(request: web.Request) -> web.Response:
        tries.append((request.headers["webhook-id"], request.headers["webhook-timestamp"]))
        return web.Response(status=503)

    async with http_server(handler) as url:
        receiver = Webhook("pager", url, SECRETS, session, clock=lambda: next(times))
        for _ in range(2):
            with pytest.raises(DeliveryError):
                await receiver.send(message("m1"))
    assert tries == [("m1", str(int(EPOCH))), ("m1", str(int(EPOCH) + 60))]


async def test_gone_disables(session: aiohttp.ClientSession) -> None:
    async with http_server(answering(410)) as url:
        receiver = Webhook("pager", f"{url}/{SECRET}", SECRETS, session)
        with pytest.raises(DeliveryError) as failed:
            await receiver.send(message("m1"))
    assert failed.value.disable
    assert_keeps_the_secret(failed.value)


def test_neither_address_nor_secrets_are_shown(session: aiohttp.ClientSession) -> None:
    assert repr(Webhook("pager", f"https://a.example/{SECRET}", SECRETS, session)) == "Webhook('pager')"
