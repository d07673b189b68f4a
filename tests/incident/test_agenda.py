"""What is due is taken once, when it is due."""

from logwatch.incident.agenda import Agenda


def test_the_earliest_is_taken_first_and_only_when_it_is_due() -> None:
    agenda = Agenda()
    agenda.note("b", 2)
    agenda.note("a", 1)
    assert (agenda.next(), agenda.take(0.5), agenda.take(2), agenda.next()) == (1, [], ["a", "b"], None)


def test_what_is_due_earlier_stays_due_earlier() -> None:
    agenda = Agenda()
    agenda.note("a", 1)
    agenda.note("a", 5)
    assert agenda.take(1) == ["a"]
    agenda.note("a", 5)
    agenda.note("a", 3)
    assert (agenda.take(4), agenda.take(9)) == (["a"], [])


def test_what_is_forgotten_is_not_due() -> None:
    agenda = Agenda()
    agenda.note("a", 1)
    agenda.forget("a")
    agenda.forget("never noted")
    assert (agenda.next(), agenda.take(9)) == (None, [])


def test_everything_moves_with_the_clock() -> None:
    agenda = Agenda()
    agenda.note("a", 1)
    agenda.note("b", 2)
    agenda.shift(-100)
    assert agenda.take(-98.5) == ["a"]
