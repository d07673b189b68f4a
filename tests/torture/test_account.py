"""What may be excused, and what may not."""

import pytest

from torture.__main__ import _too_many_excuses, summary
from torture.account import PATIENCE_S, Account, Outcome, Run, Text

READY, WRITTEN = 100.0, 200.0


def at_work(since: float, seconds: int) -> Run:
    """A daemon that tells something every tenth of a second."""
    run = Run(pid=1)
    run.is_ready(since)
    for tenth in range(1, 10 * seconds):
        run.beat(since + tenth / 10)
    return run


@pytest.fixture
def account() -> Account:
    account = Account()
    account.runs.append(at_work(READY, 2000))
    return account


@pytest.fixture
def text(account: Account) -> Text:
    text = account.begin("rename")
    text.lines.append(("a:0", WRITTEN))
    text.note(WRITTEN, b"." * 39 + b"\n")
    return text


def test_a_line_that_was_told_once_is_seen(account: Account, text: Text) -> None:
    outcome = account.judge({"a:0": 1})
    assert outcome.seen[text.kind] == 1
    assert outcome.is_good


def test_a_line_that_is_there_is_lost_if_it_was_not_told(account: Account, text: Text) -> None:
    assert account.judge({}).lost == {"a:0": text.kind}
    assert account.outstanding({}) == {"a:0"}


def test_a_line_told_twice_is_doubled_and_one_that_nobody_wrote_too(account: Account, text: Text) -> None:
    assert account.judge({"a:0": 2, "b:7": 1}).doubled == {"a:0": text.kind, "b:7": "never written"}


@pytest.mark.parametrize(("later", "is_excused"), [(PATIENCE_S - 0.1, True), (PATIENCE_S + 0.2, False)])
def test_what_was_destroyed_is_excused_only_before_it_could_be_read(
    account: Account, text: Text, later: float, is_excused: bool
) -> None:
    text.destroy(WRITTEN + later, "cut")
    outcome = account.judge({})
    assert outcome.excused == ({(text.kind, "cut"): 1} if is_excused else {})
    assert bool(outcome.lost) is not is_excused
    assert account.excused_size({}) == (40 if is_excused else 0)


def test_what_the_daemon_has_open_is_not_destroyed_while_it_lives(account: Account, text: Text) -> None:
    text.destroy(WRITTEN, "deleted", account.runs[0])
    assert account.judge({}).lost
    account.runs[0].ended_at = WRITTEN + 1
    assert account.judge({}).excused == {(text.kind, "deleted, and the daemon killed"): 1}
    account.runs[0].ended_at = WRITTEN + PATIENCE_S + 0.2
    assert account.judge({}).lost


def test_time_in_which_no_daemon_runs_is_no_chance(text: Text, account: Account) -> None:
    account.runs[:] = [at_work(READY, 50), at_work(WRITTEN + 1000, 50)]
    account.runs[0].ended_at = READY + 50
    text.destroy(WRITTEN + 900, "deleted")
    assert account.judge({}).excused == {(text.kind, "deleted while no daemon ran"): 1}
    text.destroy(WRITTEN + 1000 + PATIENCE_S + 0.2, "deleted")
    assert account.judge({}).lost


def test_time_in_which_nothing_is_told_is_no_chance(text: Text, account: Account) -> None:
    account.runs[:] = [Run(pid=1)]
    account.runs[0].is_ready(READY)
    account.runs[0].beat(WRITTEN + 100)
    text.destroy(WRITTEN + 200, "deleted")
    assert account.judge({}).excused.total() == 1


def test_what_was_rotated_out_of_sight_is_excused_only_as_a_whole(account: Account, text: Text) -> None:
    text.lines.append(("a:1", WRITTEN))
    text.hidden_at = WRITTEN + 0.1
    assert account.judge({}).excused.total() == 2
    assert account.judge({"a:0": 1}).lost == {"a:1": text.kind}
    text.hidden_at = WRITTEN + PATIENCE_S + 0.2
    assert len(account.judge({}).lost) == 2


def test_a_line_is_unfinished_until_it_ends_in_either_way(account: Account, text: Text) -> None:
    text.note(WRITTEN, b"step 1\nstep")
    text.note(WRITTEN, b" 2")
    assert (account.size, account.unfinished) == (53, 6)
    text.note(WRITTEN, b"\r 42%")
    assert account.unfinished == 4


def test_a_torture_that_excuses_much_has_failed() -> None:
    outcome = Outcome()
    outcome.written["rename"] = 1000
    outcome.excused["rename", "cut"] = 20
    assert _too_many_excuses(outcome) == []
    outcome.excused["rename", "cut"] = 21
    assert _too_many_excuses(outcome)


def test_the_summary_says_what_was_lost_and_why_it_failed() -> None:
    outcome = Outcome()
    outcome.written["rename"], outcome.seen["rename"] = 10, 8
    outcome.lost["a:1"], outcome.doubled["a:2"] = "rename", "rename"
    outcome.excused["rename", "deleted"] = 1
    said = summary(outcome, 12.0)
    assert "FAILED in 12 s, 0 kills" in said
    assert "written 10, seen 8, lost 1, doubled 1, excused 1; lost: a:1; doubled: a:2" in said
    assert "excused: 1 deleted" in said
