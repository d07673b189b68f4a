"""Whole messages, as they were last looked at. `UPDATE_GOLDEN=1 pytest tests/render` writes them anew."""

import json
import os
from pathlib import Path

import pytest

from logwatch.catalogue.entry import Language
from logwatch.incident.incident import Notice, Remark
from logwatch.render import slack, text, webhook

from .incidents import notice, seed_incident

GOLDEN = Path(__file__).parent / "golden"
STATUS_URL = "http://gpu-0412:9477/"


def notices(language: Language) -> dict[str, Notice]:
    return {
        "opened": notice(),
        "updated": notice("updated", what_changed=[Remark("more", {"count": "3"})]),
        "quiet": notice("quiet"),
        "seed": notice(of=seed_incident(language)),
    }


def rendered(of: Notice, language: Language) -> dict[str, str]:
    def pretty(body: object) -> str:
        return json.dumps(body, ensure_ascii=False, indent=2) + "\n"

    return {
        "slack.json": pretty(slack.body(of, language, status_url=STATUS_URL)),
        "webhook.json": pretty(webhook.body(of)),
        "txt": text.text(of, language, status_url=STATUS_URL),
    }


@pytest.mark.parametrize("form", ["slack.json", "webhook.json", "txt"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["opened", "updated", "quiet", "seed"])
def test_a_message_looks_as_it_did(name: str, language: Language, form: str) -> None:
    now = rendered(notices(language)[name], language)[form]
    path = GOLDEN / f"{name}.{language}.{form}"
    if "UPDATE_GOLDEN" in os.environ:
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8")
