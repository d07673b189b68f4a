"""What PagerDuty gets."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from logwatch.deliver.pagerduty import PagerDuty
from logwatch.errors import DeliveryError
from logwatch.incident.incident import NoticeKind

from .fakes import http_server, message
from .test_post import SECRET, answering, assert_keeps_the_secret


async def enqueued(session: aiohttp.ClientSession, kind: NoticeKind) -> dict[str, Any]:
    got: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.json_response({"status": "success"}, status=202)

    first = message("m1")
    async with http_server(handler) as url:
        receiver = PagerDuty("pager", "key", session, url=url)
        await receiver.send(replace(first, notice=replace(first.notice, kind=kind)))
    return got[0]


@pytest.mark.parametrize("kind", ["opened", "updated"])
async def test_an_incident_triggers_one_alert(session: aiohttp.ClientSession, kind: NoticeKind) -> None:
    body = await enqueued(session, kind)
    incident = message("m1").notice.incident
    assert (body["event_action"], body["dedup_key"]) == ("trigger", incident.incident_id)
    assert body["payload"]["severity"] in {"critical", "error", "warning", "info"}
    assert len(body["payload"]["summary"]) <= 1024
    details = body["payload"]["custom_details"]
    assert list(details)[:2] == ["Decision", "Do this first"]
    assert details["Line"].startswith("/logs/llm-70b/rank3.log:120411\n[rank3]")
    assert all(isinstance(value, str) for value in details.values())


async def test_an_incident_that_went_quiet_resolves_it(session: aiohttp.ClientSession) -> None:
    body = await enqueued(session, "quiet")
    assert body == {
        "routing_key": "key",
        "dedup_key": message("m1").notice.incident.incident_id,
        "event_action": "resolve",
    }


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (429, True), (500, True)])
async def test_what_it_refuses(session: aiohttp.ClientSession, status: int, retryable: bool) -> None:
    async with http_server(answering(status, "")) as url:
        with pytest.raises(DeliveryError) as failed:
            await PagerDuty("pager", SECRET, session, url=url).send(message("m1"))
    assert failed.value.retryable is retryable
    assert_keeps_the_secret(failed.value)
