"""What a log says is shown by every renderer and acts in none: a corpus of hostile lines goes through all."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import pytest

from logwatch.catalogue.entry import Entry, Language
from logwatch.daemon.daemon import incident_report
from logwatch.deliver.status_page import page
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Origin, Publisher
from logwatch.incident.incident import Incident, Notice, NoticeKind
from logwatch.incident.replay import fold
from logwatch.render import alertmanager, cloudevents, pagerduty, slack, webhook
from logwatch.render.effort import Effort
from logwatch.render.jsonl import event_line, incident_line
from logwatch.render.look import Look, plain
from logwatch.render.message import briefing
from logwatch.render.report import of_incident, report
from logwatch.render.status import status_lines
from logwatch.render.text import text
from logwatch.scan.scanner import Match

from .incidents import HOSTILE, HUGE, QUIET_AT, STARTED, hostile_incident, hostile_remarks, incident, notice

LANGUAGES: Sequence[Language] = ("en", "zh")
KINDS: Sequence[NoticeKind] = ("opened", "updated", "quiet")
# Escape sequences, back spaces, what turns the direction of writing, and bytes that are no text.
ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
# PagerDuty's limit for an event; Alertmanager has none: 16 annotations of 2,048 characters, of four bytes at most.
PAGERDUTY_BYTES = 512 * 1024
ALERT_BYTES = 160 * 1024


def status_page(of: Incident) -> str:
    """As `Daemon.status` has it."""
    row = {"error": of.error_id, "job": of.labels.get("job", ""), "count": of.count, "line": of.evidence.line}
    return page({"catalogue": of.catalogue_version, of.error_id: "a key", "open incidents": [row]})


def status(of: Incident) -> str:
    told = {
        "running": True,
        "note": of.title,
        "catalogue": {"version": of.catalogue_version, "entries": 1},
        "state": {"on_disk": True, "folder": of.title},
        "sources": [],
        "open_incidents": 1,
        "incidents": [incident_report(of)],
        "receivers": [
            {
                "name": "r",
                "waiting": 1,
                "last_error": of.title,
                "disabled": "",
                "muted_by": of.title,
                "held_back": 0,
            }
        ],
        "silences": [],
    }
    return "\n".join(status_lines(told, plain, str))


Shown = Callable[[Notice, Language], Any]
# Every way in which an incident reaches a person. Strings of bodies are looked at one by one.
SHOWN: Mapping[str, Shown] = {
    "slack": slack.body,
    "slack, edited": lambda n, lang: slack.body(n, lang, detail="whole"),
    "slack, thread": lambda n, lang: slack.body(n, lang, detail="news"),
    "terminal, apprise": text,
    "apprise, title": lambda n, lang: briefing(n, lang).headline,
    "report": lambda n, lang: report([of_incident(n.incident)], Effort(1, 1, 1, 1.0, 1), Look(language=lang)),
    "pagerduty": lambda n, lang: pagerduty.body(n, "key", lang),
    "alertmanager": lambda n, lang: alertmanager.alert(n, lang, firing_until=QUIET_AT),
    "alertmanager's webhook": lambda n, _: alertmanager.webhook_body(n),
    "status": lambda n, _: status(n.incident),
    "status page": lambda n, _: status_page(n.incident),
}
# For programs, which get the text as it is, in JSON.
MACHINES: Mapping[str, Callable[[Notice], bytes]] = {
    "webhook": lambda n: webhook.encoded(webhook.body(n)),
    "cloudevents": lambda n: webhook.encoded(cloudevents.body(n)),
    "jsonl": lambda n: incident_line(n.incident),
}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from strings(inner)


def hostile_notices(hostile: str) -> Iterator[Notice]:
    for kind in KINDS:
        yield notice(kind, hostile_incident(hostile), what_changed=hostile_remarks(hostile))


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_acts_on_the_screen_it_is_shown_on(name: str) -> None:
    for hostile in (*HOSTILE, *HUGE):
        for of in hostile_notices(hostile):
            for language in LANGUAGES:
                for shown in strings(SHOWN[name](of, language)):
                    assert not ACTING.search(shown), (hostile[:40], of.kind)


def test_bodies_stay_within_what_is_taken() -> None:
    for hostile in (*HOSTILE, *HUGE):
        for of in hostile_notices(hostile):
            assert len(json.dumps(pagerduty.body(of, "key")).encode()) < PAGERDUTY_BYTES
            alert = json.dumps(alertmanager.alert(of, firing_until=QUIET_AT), ensure_ascii=False)
            assert len(alert.encode("utf-8", "replace")) < ALERT_BYTES
            for name in ("webhook", "cloudevents"):
                assert len(MACHINES[name](of)) < webhook.MAX_BYTES + 2048


@pytest.mark.parametrize("name", MACHINES)
def test_programs_get_one_line_of_json_that_holds_no_control_character(name: str) -> None:
    for hostile in (*HOSTILE, *HUGE):
        for of in hostile_notices(hostile):
            encoded = MACHINES[name](of)
            assert isinstance(json.loads(encoded), dict)
            assert not re.search(rb"[\x00-\x1f]", encoded.removesuffix(b"\n"))


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {f"{name}={value}" for name, value in attrs}


def test_the_status_page_has_no_tag_that_is_not_ours() -> None:
    ours = Tags()
    ours.feed(status_page(incident()))
    for hostile in (*HOSTILE, *HUGE):
        read = Tags()
        read.feed(status_page(hostile_incident(hostile)))
        assert (read.tags, read.attributes) == (ours.tags, ours.attributes)


# By what they are; each is made up.
SECRETS = {
    "hugging face": "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",
    "github": "ghp_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
    "aws": "AKIAABCDEFGHIJKLMNOP",
    "slack": "xoxb-123456789012-abcdefABCDEF",
    "a password in an address": "s3cr3t-pass",
    "a signature": "abcdef0123456789signature",
    "a bearer": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.SflKxwRJSMeKKF2QT4",
}
LINE = (
    "boom at https://user:{a password in an address}@a.example/x?X-Amz-Signature={a signature} "
    "HF_TOKEN={hugging face} {github} {aws} {slack} Authorization: Bearer {a bearer} end"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_secret_of_a_line_leaves_by_any_way(language: Language) -> None:
    line = LINE.format(**SECRETS)
    entry = Entry.model_validate({"id": "app/boom", "signature": "boom 1", "regex": r"boom (?P<rest>.*)"})
    match = Match("app/boom", (), 0, len(line), line, {"rest": line[:256], "peer": line[8:90]})
    origin = Origin("s", "/logs/a.log", 1, "k", {"job": "llm"}, "node7")
    event = Publisher({entry.id: entry}, "v1", language).event(
        match, origin, offset=0, line_number=1, now=STARTED, context=[line, f"before {line}"]
    )
    [of] = fold([event], Advisor({entry.id: entry}, "v1", language))
    told = Notice("n", "opened", STARTED, of)
    shown = [json.dumps(render(told, language)) for render in SHOWN.values()]
    shown += [render(told).decode() for render in MACHINES.values()] + [event_line(event).decode()]
    assert all("boom" in one for one in shown)
    assert [(name, one) for name, secret in SECRETS.items() for one in shown if secret in one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_ten_thousand_places_are_counted_and_a_few_are_named(language: Language) -> None:
    many = notice(of=incident(place_count=10_000, count=123_456))
    for name, render in SHOWN.items():
        told = " ".join(strings(render(many, language)))
        assert "123" in told, name
        assert len(told) < 20_000, name
