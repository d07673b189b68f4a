"""Incidents to render: two as they are in life, and any number as nobody would want them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from logwatch.catalogue.entry import Entry, Language, ranked_dead_ends, ranked_workarounds
from logwatch.incident.event import Advice, advice, warning
from logwatch.incident.incident import Echo, Evidence, Incident, Notice, NoticeKind, Place, Remark
from logwatch.render.phrases import phrases

STARTED = 1795326000.0
QUIET_AT = STARTED + 120 + 1800
SEED = Path(__file__).parents[2] / "seeds/huggingface/accelerate-multi-gpu-device-map-conflict.json"

# What could act on somebody's screen, phone or terminal, or break a message in two.
HOSTILE = (
    "<!channel> <!here|x> <@U012AB3CD> <#C024BE91L> <!subteam^S012|team> <!date^0^{date}|now>",
    "@here @channel @everyone @all @group @HERE (@channel) _@here_",
    "``` the fence ends here ``` and ` there",
    "`````",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "<https://evil.example/|https://good.example/> https://evil.example/?q=1",
    "\x1b]0;title\x07\x1b[31mred\x1b[2J\x1b[1;1H \x9b31m \x08\x7f",
    "\u202ecod.exe\u2066 \u200f \u2028 \u2029",
    "{0.__class__} {job} %s %n $(reboot) `reboot` ; rm -rf / ' \" \\",
    "<script>alert(1)</script>",
    "one\r\ntwo\rthree\n\n\nfour",
    "*bold* _italic_ ~gone~ :fire:",
    "undecodable \udcff\ud800 \ufffe \x00",
    "'; logwatch silence add --error x --for 9999h #",
)
HUGE = ("&" * 50_000, "中" * 20_000, "🔥" * 20_000, "`" * 9_999, "<!channel>\n" * 4_000, "\x00" * 9_000)


def incident(**changes: Any) -> Incident:
    """A collective that timed out on two ranks."""
    fields: dict[str, Any] = {
        "incident_id": "7c" * 16,
        "error_id": "nccl/watchdog-timeout",
        "severity": "critical",
        "decision": "restart_elsewhere",
        "title": "Watchdog caught collective operation timeout",
        "domain": "nccl",
        "category": "timeout",
        "labels": {"job": "llm-70b", "cluster": "eu1"},
        "host": "gpu-0412",
        "first_seen": STARTED,
        "last_seen": STARTED + 120.5,
        "count": 14,
        "places": [
            Place("/logs/llm-70b/rank3.log", {"rank": "3"}, 9),
            Place("/logs/llm-70b/rank7.log", {"rank": "7"}, 5),
        ],
        "place_count": 2,
        "root_cause": "One rank did not join the collective in time.",
        "workarounds": [
            Advice(
                "Find the rank that did not time out and look for the first error in its log.",
                0.9,
                "It left the collective first: the others only waited for it.",
                "torch>=2.5",
            ),
            Advice("Raise the timeout of `init_process_group`.", 0.3),
        ],
        "dead_ends": [
            Advice("Restart on the same nodes.", 0.6, "A node that is broken stays broken."),
            Advice("", 0.8, "The line names every rank that waited, not the one that failed."),
        ],
        "evidence": Evidence(
            "[rank3]:[E1122 05:40:00.0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=81)",
            "/logs/llm-70b/rank3.log",
            120_411,
            ["step 4031 | loss 2.1345", "step 4032 | loss 2.1340"],
        ),
        "echoes": [Echo("nccl/remote-process-exited", 511)],
        "confidence": 0.86,
        "verification_tier": "source_verified",
        "resolvable": "partial",
        "doc_url": "https://pytorch.org/docs/stable/distributed.html",
        "catalogue_version": "0123456789ab",
        "reasons": [Remark("elsewhere"), Remark("points_to_rank", {"rank": "7"})],
        "next_hits": ["nvidia/xid-79"],
    }
    return Incident(**{**fields, **changes})


def seed_incident(language: Language) -> Incident:
    """What the seed record says: AI-generated, with dead ends that have no action."""
    entry = Entry.model_validate_json(SEED.read_text(encoding="utf-8"))
    return incident(
        error_id=entry.id,
        severity=str(entry.severity),
        decision=None,
        title=entry.title(language),
        domain=entry.home,
        category=entry.category,
        labels={},
        host="gpu-0007",
        last_seen=STARTED,
        count=1,
        places=[Place("/home/a b/<train>.log", {}, 1)],
        place_count=1,
        root_cause=entry.cause(language),
        workarounds=[advice(w) for w in ranked_workarounds(entry, language=language)],
        dead_ends=[warning(d) for d in ranked_dead_ends(entry)],
        evidence=Evidence(f"<!channel> {entry.signature}", "/home/a b/<train>.log", 7),
        echoes=[],
        confidence=entry.confidence,
        verification_tier=entry.verification_tier,
        resolvable=entry.resolvable,
        doc_url=entry.official_doc_url,
        reasons=[],
        next_hits=[],
    )


def notice(
    kind: NoticeKind = "opened", of: Incident | None = None, *, what_changed: Sequence[Remark] = ()
) -> Notice:
    time = {"opened": STARTED, "updated": STARTED + 300, "quiet": QUIET_AT}[kind]
    return Notice("0a" * 16, kind, time, of or incident(), what_changed)


def hostile_remarks(text: str) -> list[Remark]:
    """Remarks whose every value is `text`: one with words of ours, one of a kind that has none."""
    return [
        Remark("named_rank", dict.fromkeys(["effect", "cause", "rank"], text)),
        Remark(text, {text: text}),
    ]


def hostile_incident(text: str) -> Incident:
    """Every text of an incident that does not come from a short list of ours is `text`."""
    return incident(
        error_id=f"nccl/{text}",
        title=text,
        labels={"job": text, text: text},
        host=text,
        places=[Place(text, {text: text}, 1)] * 20,
        place_count=4096,
        root_cause=text,
        workarounds=[Advice(text, 0.5, f"{text}!", text)] * 5,
        dead_ends=[Advice(text, 0.5, f"{text}!", text)] * 5,
        evidence=Evidence(text, text, 1, [f"{text}{i}" for i in range(10)]),
        echoes=[Echo(text, 1)] * 9,
        verification_tier=text,
        doc_url=f"https://a.example/{text}",
        catalogue_version=text,
        reasons=[*hostile_remarks(text)] * 2,
        unlikely=text,
        next_hits=[text] * 9,
        confidence=0.1,
    )


_texts = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(), max_size=20),
    st.sampled_from(HOSTILE),
    st.builds(
        lambda a, n: a * n,
        st.sampled_from(["&", "中", "`", "@here ", "x\n", "'", "\x1b["]),
        st.integers(1, 900),
    ),
)
_labels = st.dictionaries(_texts, _texts, max_size=4).flatmap(
    lambda labels: _texts.map(lambda job: {**labels, "job": job})
)
_advice = st.lists(
    st.builds(Advice, _texts, st.one_of(st.none(), st.floats(0, 1)), _texts, _texts), max_size=5
)

_remarks = st.lists(
    st.one_of(
        st.builds(
            Remark, st.sampled_from([*phrases("en").remarks]), st.dictionaries(_texts, _texts, max_size=3)
        ),
        _texts.map(lambda text: Remark("edge", dict.fromkeys(["effect", "cause", "edge"], text))),
        _texts.map(Remark),
    ),
    max_size=4,
)

incidents = st.builds(
    incident,
    error_id=_texts,
    severity=st.sampled_from(["info", "warning", "error", "critical"]),
    decision=st.one_of(st.none(), _texts),
    title=_texts,
    labels=_labels,
    host=_texts,
    count=st.integers(1, 10**9),
    places=st.lists(st.builds(Place, _texts, _labels, st.integers(1, 10**9)), max_size=20),
    place_count=st.integers(1, 5000),
    root_cause=_texts,
    workarounds=_advice,
    dead_ends=_advice,
    evidence=st.builds(Evidence, _texts, _texts, st.integers(1, 10**9), st.lists(_texts, max_size=8)),
    echoes=st.lists(st.builds(Echo, _texts, st.integers(1, 10**9)), max_size=8),
    confidence=st.floats(0, 1),
    verification_tier=st.one_of(st.sampled_from(["ai_generated", "unverified", ""]), _texts),
    resolvable=st.sampled_from(["true", "partial", "false"]),
    doc_url=st.one_of(_texts, st.just("https://docs.example/a?b=c&d=e")),
    catalogue_version=_texts,
    reasons=_remarks,
    unlikely=_texts,
    next_hits=st.lists(_texts, max_size=5),
)
notices = st.builds(
    Notice,
    id=st.just("0a" * 16),
    kind=st.sampled_from(["opened", "updated", "quiet"]),
    time=st.floats(STARTED, STARTED + 10**6),
    incident=incidents,
    what_changed=_remarks,
)
languages: st.SearchStrategy[Language] = st.sampled_from(["en", "zh"])
