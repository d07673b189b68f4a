"""What is said, whoever it is said to."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from logwatch.incident.event import MAX_CONTEXT_LINE, MAX_LINE, Advice, shortened
from logwatch.incident.incident import Echo, Evidence, Notice, Place, Remark
from logwatch.render.message import Briefing, Excerpt, Fact, Step, briefing, silence_command
from logwatch.render.phrases import phrases

from .incidents import STARTED, incident, languages, notice, notices, seed_incident

EN = phrases("en")


def facts(told: Briefing) -> dict[str, str]:
    return {fact.label: fact.value for fact in told.facts}


def test_the_headline_is_enough_for_a_lock_screen() -> None:
    assert briefing(notice()).headline == (
        "CRITICAL: Watchdog caught collective operation timeout · job llm-70b · 14× in 2 places"
        " · 511 follow from it"
    )


def test_of_one_place_the_headline_names_the_machine_and_the_process() -> None:
    of = incident(place_count=1, count=1, echoes=[])
    assert briefing(notice(of=of)).headline.endswith(" · job llm-70b · gpu-0412 rank 3 · 1×")


def test_without_a_job_the_headline_names_the_machine() -> None:
    assert " · gpu-0412 · 14× in 2 places" in briefing(notice(of=incident(labels={}))).headline


def test_a_long_title_leaves_room_for_the_place() -> None:
    headline = briefing(notice(of=incident(title="x" * 500))).headline
    assert headline.index("job llm-70b") < 150


def test_what_the_only_place_tells_is_no_label() -> None:
    places = [Place("/logs/llm-70b/rank3.log", {"rank": "3"}, 9)]
    of = incident(places=places, place_count=1, labels={"job": "llm-70b", "rank": "3", "cluster": "eu1"})
    told = facts(briefing(notice(of=of)))
    assert (told["Where"], told["Labels"]) == ("gpu-0412 · rank 3", "cluster eu1")


def test_a_message_that_is_kept_up_to_date_has_all_and_its_thread_the_news() -> None:
    quiet = notice("quiet", what_changed=[Remark("cleared")])
    whole, news = briefing(quiet, detail="whole"), briefing(quiet, detail="news")
    assert (
        (whole.beginning, whole.status) == (news.beginning, news.status) == ("Quiet", EN.remarks["cleared"])
    )
    assert whole.do_first
    assert whole.why
    assert whole.excerpt
    assert (news.do_first, news.excerpt, news.silence) == (None, None, "")
    more = [Remark("more", {"count": "3"}), Remark("new_root", {"error": "a/b", "before": "c/d"})]
    grown = briefing(notice("updated", what_changed=more), detail="whole")
    assert (grown.beginning, grown.status) == ("", "The cause turned out to be a/b, not c/d.")


def test_the_recommended_workaround_comes_first_with_its_claim_and_condition() -> None:
    assert briefing(notice()).do_first == Step(
        "Find the rank that did not time out and look for the first error in its log.",
        "It left the collective first: the others only waited for it.",
        "claimed to help in 90 % of cases; when: torch>=2.5",
    )


def test_what_only_repeats_the_action_is_not_said_twice() -> None:
    of = incident(workarounds=[Advice("Do it.", None, "Do it.")])
    assert briefing(notice(of=of)).do_first == Step("Do it.")


def test_what_will_not_help_is_ordered_by_how_surely_it_fails() -> None:
    told = briefing(notice())
    assert [step.note for step in told.wont_help] == [
        "claimed to fail in 80 % of cases",
        "claimed to fail in 60 % of cases",
    ]


def test_a_dead_end_without_an_action_leaves_only_its_reason() -> None:
    told = briefing(notice(of=seed_incident("en")))
    assert [step.text for step in told.wont_help] == ["", "", ""]
    assert all(step.why for step in told.wont_help)


def test_a_dead_end_that_says_nothing_is_left_out() -> None:
    of = incident(dead_ends=[Advice("", 0.9, " "), Advice("Reset it.", None)])
    assert briefing(notice(of=of)).wont_help == (Step("Reset it."),)


@pytest.mark.parametrize(
    ("tier", "tags"),
    [
        ("ai_generated", ("AI-generated, unverified",)),
        ("unverified", ("unverified",)),
        ("source_verified", ()),
        ("", ()),
    ],
)
def test_a_record_that_nobody_checked_says_so(tier: str, tags: tuple[str, ...]) -> None:
    assert briefing(notice(of=incident(verification_tier=tier))).tags == tags


def test_doubts_are_told() -> None:
    of = incident(confidence=0.6, unlikely="torch is 2.1.0, this is of torch>=2.5")
    assert briefing(notice(of=of)).tags == (
        "only 60 % sure",
        "Unlikely here: torch is 2.1.0, this is of torch>=2.5",
    )


def test_why_is_the_cause_and_then_the_reasons() -> None:
    assert briefing(notice()).why == (
        "One rank did not join the collective in time.",
        "Only symptoms were seen here: the cause is probably on another node.",
        "Its line points to rank 7: the log of that rank says more.",
    )


def test_the_facts_are_what_who_asks_first_wants_to_know() -> None:
    told = briefing(notice())
    assert facts(told) == {
        "Job": "llm-70b",
        "Where": "gpu-0412 · rank 3, rank 7",
        "Labels": "cluster eu1",
        "First seen": "2026-11-22T05:40:00.000Z",
        "Last seen": "2026-11-22T05:42:00.500Z",
        "Count": "14× in 2 places",
        "Error": "nccl/watchdog-timeout",
        "Severity": "CRITICAL",
        "Decision": "restart the job on another node",
    }
    assert Fact("First seen", "2026-11-22T05:40:00.000Z", STARTED) in told.facts


def test_of_many_places_the_first_are_named_and_the_others_counted() -> None:
    places = [Place(f"/logs/{i}.log", {"rank": str(i)}, 1) for i in range(20)]
    told = briefing(notice(of=incident(places=places, place_count=512)))
    assert facts(told)["Where"] == "gpu-0412 · rank 0, rank 1, rank 2 +509 more"


def test_a_place_without_labels_is_its_path() -> None:
    told = briefing(notice(of=incident(places=[Place("/logs/a.log", {}, 1)], place_count=1)))
    assert facts(told)["Where"] == "gpu-0412 · /logs/a.log"


def test_the_line_stands_after_what_came_before_it() -> None:
    excerpt = briefing(notice()).excerpt
    assert excerpt is not None
    assert excerpt.place == "/logs/llm-70b/rank3.log:120411"
    assert excerpt.marked == 2
    assert [line[:9] for line in excerpt.lines] == ["step 4031", "step 4032", "[rank3]:["]


def test_a_context_that_holds_the_line_keeps_its_order() -> None:
    of = incident(evidence=Evidence("boom", "/a", 2, ["before", "boom", "after"]))
    excerpt = briefing(notice(of=of)).excerpt
    assert excerpt is not None
    assert (excerpt.lines, excerpt.marked) == (("before", "boom", "after"), 1)


def test_a_record_of_several_lines_is_one_line_of_the_excerpt() -> None:
    excerpt = briefing(notice(of=incident(evidence=Evidence("a\nb", "/a", 2)))).excerpt
    assert excerpt is not None
    assert excerpt.lines == ("a\\nb",)


def test_echoes_are_counted_not_told_one_by_one() -> None:
    told = briefing(notice(of=incident(echoes=[Echo(f"e/{i}", i + 1) for i in range(7)])))
    assert told.echoes == "e/0 1×, e/1 2×, e/2 3×, e/3 4×, e/4 5×, +2 more"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://a.example/<b>", "https://a.example/a|b", "https://" + "a" * 300, ""],
)
def test_an_address_that_is_none_is_not_linked(url: str) -> None:
    assert briefing(notice(of=incident(doc_url=url))).links == ()


def test_the_status_page_is_linked_where_there_is_one() -> None:
    told = briefing(notice(), status_url="http://gpu-0412:9477/")
    assert [(link.label, link.url) for link in told.links] == [
        ("Documentation", "https://pytorch.org/docs/stable/distributed.html"),
        ("Status page", "http://gpu-0412:9477/"),
    ]


def test_silencing_is_one_command_away() -> None:
    assert silence_command(incident()) == (
        "logwatch silence add --error nccl/watchdog-timeout --job llm-70b --for 2h"
    )
    assert (
        silence_command(incident(labels={})) == "logwatch silence add --error nccl/watchdog-timeout --for 2h"
    )


@pytest.mark.parametrize("job", ["$(reboot)", "'; reboot; '", "a b", "-f", "`id`"])
def test_a_job_name_is_one_word_of_the_command(job: str) -> None:
    words = shlex.split(silence_command(incident(labels={"job": job})))
    assert words == [
        "logwatch",
        "silence",
        "add",
        "--error",
        "nccl/watchdog-timeout",
        "--job",
        job,
        "--for",
        "2h",
    ]


@pytest.mark.parametrize("job", ["a\nreboot", "\x1b[2J", "a" * 500, " padded "])
def test_there_is_no_command_for_a_job_that_cannot_be_shown_as_it_is(job: str) -> None:
    assert silence_command(incident(labels={"job": job})) == ""


def test_an_update_says_what_changed_and_leaves_out_what_was_said() -> None:
    told = briefing(notice("updated", what_changed=[Remark("more", {"count": "3"})]))
    assert told.headline.startswith("Update · CRITICAL: ")
    assert told.status == "3 more since the last message."
    assert told.do_first is not None
    assert (told.otherwise, told.wont_help, told.why, told.next_hits) == ((), (), (), "")


def test_quiet_is_not_called_solved() -> None:
    told = briefing(notice("quiet"))
    assert told.headline.startswith("Quiet · CRITICAL: ")
    assert told.status == "Nothing new for 29 min. The log does not say that it is solved."
    assert (told.do_first, told.excerpt, told.silence, told.tags) == (None, None, "", ())


def test_an_incident_that_became_part_of_another_says_so_when_it_goes_quiet() -> None:
    merged = Remark("merged", {"error": "pytorch/cuda-out-of-memory", "incident": "7c7c"})
    told = briefing(notice("quiet", what_changed=[merged]), "zh")
    assert told.status == "这属于另一事件：pytorch/cuda-out-of-memory（7c7c）。"


def test_a_remark_of_another_version_is_said_as_far_as_it_goes() -> None:
    odd = [Remark("edge", {"effect": "nccl/watchdog-timeout"}), Remark("{0.__class__}", {"x": "y"})]
    assert briefing(notice("updated", what_changed=odd)).status == (
        "nccl/watchdog-timeout is known to follow from … (…). {0.__class__}"
    )


def test_an_incident_whose_entry_is_gone_still_makes_a_message() -> None:
    bare = incident(
        title="",
        labels={},
        root_cause="",
        workarounds=[],
        dead_ends=[],
        echoes=[],
        reasons=[],
        next_hits=[],
        places=[],
        place_count=0,
        doc_url="",
        verification_tier="",
        confidence=0.0,
        decision=None,
    )
    told = briefing(notice(of=bare))
    assert told.title == "nccl/watchdog-timeout"
    assert (told.do_first, told.wont_help, told.why) == (None, (), ())


def test_labels_are_chinese_for_a_chinese_reader() -> None:
    told = briefing(notice(of=replace(seed_incident("zh"), decision="restart")), "zh")
    assert told.tags == ("AI 生成，未经验证",)
    assert facts(told)["处置"] == "重启任务"
    assert told.title.startswith("RuntimeError: 在使用 `accelerate` 启动器且多 GPU 时")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(notices, languages)
def test_no_incident_is_too_odd_to_be_told(odd: Notice, language: str) -> None:
    told = briefing(odd, "zh" if language == "zh" else "en")
    assert told.headline
    assert "\n" not in told.headline


def test_a_line_that_stands_shortened_among_its_neighbours_is_shown_once() -> None:
    line = "head " + "x" * 5000 + " tail"
    published = shortened(line, MAX_LINE)
    around = ["before", shortened(line, MAX_CONTEXT_LINE), "after"]
    told = briefing(notice(of=incident(evidence=Evidence(published, "/a.log", 7, around))))
    assert told.excerpt == Excerpt("/a.log:7", ("before", published, "after"), 1)
