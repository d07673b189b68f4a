"""`docs/messages.md` shows what each receiver is sent about one recorded failure, in both languages.

`UPDATE_GOLDEN=1 pytest tests/cascades` writes it anew.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.entry import Language
from logwatch.incident.incident import Notice
from logwatch.render import alertmanager, cloudevents, pagerduty, slack, text, webhook
from logwatch.render.message import briefing

from .stage import FOLDER, Cascade, advisor, lived

DOCUMENT = Path(__file__).parents[2] / "docs" / "messages.md"
CASCADE = "one-of-eight-out-of-memory"
STATUS_URL = "http://node7:9477/"
# A catalogue changes every week, its name with it.
VERSION = "0123456789ab"
TITLES: Mapping[Language, str] = {"en": "English", "zh": "中文"}


@pytest.fixture(scope="module")
def notices() -> Mapping[Language, Mapping[str, Notice]]:
    """What was told of the cascade, the last notice of each kind, and at last that it went quiet."""
    live = lived(Cascade.of(FOLDER / CASCADE).events(), {})
    last = {notice.kind: notice for notice in live.notices}
    last["quiet"] = replace(
        last["updated"], kind="quiet", time=last["updated"].incident.last_seen + 2400, what_changed=()
    )
    return {language: {kind: _told(n, language) for kind, n in last.items()} for language in TITLES}


def _told(notice: Notice, language: Language) -> Notice:
    incident = replace(advisor(), language=language).retold(notice.incident)
    return replace(notice, incident=replace(incident, catalogue_version=VERSION))


def document(notices: Mapping[Language, Mapping[str, Notice]]) -> str:
    return "\n".join(_lines(notices)) + "\n"


def _lines(notices: Mapping[Language, Mapping[str, Notice]]) -> Iterator[str]:
    yield from _introduction()
    for title, what in (
        (
            "Slack, when it opens",
            lambda n, lang: _slack(slack.body(n["opened"], lang, status_url=STATUS_URL)),
        ),
        (
            "Slack by a bot: the same message, edited half an hour later",
            lambda n, lang: _slack(slack.body(n["updated"], lang, status_url=STATUS_URL, detail="whole")),
        ),
        (
            "Slack by a bot: what goes into its thread then",
            lambda n, lang: _slack(slack.body(n["updated"], lang, status_url=STATUS_URL, detail="news")),
        ),
        (
            "Slack by a webhook, which cannot edit: the second message",
            lambda n, lang: _slack(slack.body(n["updated"], lang, status_url=STATUS_URL)),
        ),
        ("Slack, when it goes quiet", lambda n, lang: _slack(slack.body(n["quiet"], lang))),
        ("A terminal", lambda n, lang: text.text(n["updated"], lang, status_url=STATUS_URL)),
        (
            "Apprise: Teams, Feishu, DingTalk, e-mail",
            lambda n, lang: briefing(n["quiet"], lang).headline + "\n\n" + text.text(n["quiet"], lang),
        ),
        ("PagerDuty", lambda n, lang: _json(pagerduty.body(n["updated"], "…", lang, status_url=STATUS_URL))),
        (
            "Alertmanager",
            lambda n, lang: _json(
                [
                    alertmanager.alert(
                        n["updated"], lang, firing_until=n["updated"].time + 240, status_url=STATUS_URL
                    )
                ]
            ),
        ),
    ):
        yield f"\n## {title}"
        for language, name in TITLES.items():
            yield f"\n{name}:\n\n```text\n{what(notices[language], language).rstrip()}\n```"
    updated = notices["en"]["updated"]
    yield f"\n## A webhook\n\n```json\n{_json(webhook.body(updated))}\n```"
    yield (
        "\n## A webhook with `format: cloudevents`\n\nThe `data` are those of above.\n\n"
        f"```json\n{_json({**cloudevents.body(updated), 'data': {}})}\n```"
    )
    v4 = alertmanager.webhook_body(updated)
    yield (
        "\n## A webhook with `format: alertmanager`\n\nLabels and annotations are those of above.\n\n"
        f"```json\n{_json({**v4, 'commonLabels': {}, 'commonAnnotations': {}, 'alerts': []})}\n```"
    )


def _introduction() -> Iterator[str]:
    yield "# Messages"
    yield ""
    yield "<!-- Written by tests/cascades/test_messages.py: `UPDATE_GOLDEN=1 pytest tests/cascades`. -->"
    yield ""
    yield (
        "What each receiver is sent about one failure: rank 5 of eight runs out of memory, and half an hour later "
        "the seven others time out, torchrun names rank 0, and Slurm cancels the step. The lines are those of "
        f"`tests/cascades/{CASCADE}`; the words are what the renderers make of them, in both languages."
    )
    yield ""
    yield (
        "Slack's messages are shown as text: `#` is the header, `~` are small lines, `|` are the fields beside "
        "each other. A time is shown in the reader's own zone."
    )
    yield ""
    yield (
        "What is not translated in the catalogue stays English. To see a message of your own: "
        "`tail -n 1 events.jsonl | logwatch notify render -`."
    )


def _json(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)


def _slack(body: Mapping[str, Any]) -> str:
    return "\n".join(line for block in body["blocks"] for line in _block(block))


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header":
            yield f"# {block['text']['text']}"
        case "context":
            yield from (f"~ {element['text']}" for element in block["elements"])
        case _ if "fields" in block:
            yield from (f"| {field['text'].replace(chr(10), ' ')}" for field in block["fields"])
        case _:
            # A fence within a fence would end it.
            yield block["text"]["text"].replace("```\n", "").removesuffix("\n```")


def test_the_document_shows_what_is_sent(notices: Mapping[Language, Mapping[str, Notice]]) -> None:
    now = document(notices)
    if "UPDATE_GOLDEN" in os.environ:
        DOCUMENT.write_text(now, encoding="utf-8")
    assert now == DOCUMENT.read_text(encoding="utf-8")
