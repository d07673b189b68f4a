"""Each scraper is shown a new series at 0 once, unless the series is old news."""

from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.first_seen import MAX_SCRAPERS, SETTLED_AFTER_S, FirstSeen


def scrape(first_seen: FirstSeen[str], scraper: str, now: float) -> frozenset[str]:
    """What the scraper is shown at 0 by an answer that reaches it."""
    at_zero = first_seen.unseen(scraper, now)
    first_seen.saw(scraper, at_zero, now)
    return at_zero


def test_a_new_series_is_at_zero_in_the_first_answer_and_true_from_then_on() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("a")
    assert scrape(first_seen, "p", 10) == {"a"}
    first_seen.born("b")
    assert scrape(first_seen, "p", 25) == {"b"}
    assert scrape(first_seen, "p", 40) == frozenset()


def test_both_halves_of_a_redundant_pair_are_shown_the_zero() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("a")
    assert scrape(first_seen, "p", 10) == {"a"}
    assert scrape(first_seen, "q", 17) == {"a"}
    assert scrape(first_seen, "p", 25) == frozenset()
    assert scrape(first_seen, "q", 32) == frozenset()


def test_to_a_scraper_that_turns_up_later_old_series_are_not_new() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("old")
    scrape(first_seen, "p", 10)
    later = 10 + SETTLED_AFTER_S + 1
    first_seen.born("new")
    assert scrape(first_seen, "q", later) == {"new"}


def test_a_series_waits_for_its_first_scraper_as_long_as_it_takes() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("a")
    assert scrape(first_seen, "p", 1e9) == {"a"}


def test_an_answer_that_was_not_sent_is_given_again() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("a")
    assert first_seen.unseen("p", 10) == {"a"}
    assert not first_seen.exposed("a")
    assert scrape(first_seen, "p", 25) == {"a"}
    assert first_seen.exposed("a")


def test_a_series_born_after_the_answer_was_composed_is_not_taken_for_seen() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    at_zero = first_seen.unseen("p", 10)
    first_seen.born("a")
    first_seen.saw("p", at_zero, 10)
    assert scrape(first_seen, "p", 25) == {"a"}


def test_a_series_that_was_never_born_here_is_old_news() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    assert first_seen.exposed("restored")
    assert scrape(first_seen, "p", 10) == frozenset()


def test_made_up_scrapers_push_out_those_that_stay_away_longest_and_no_others() -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    first_seen.born("a")
    scrape(first_seen, "faithful", 0)
    scrape(first_seen, "gone", 0)
    for n in range(MAX_SCRAPERS - 1):
        scrape(first_seen, f"made up {n}", 1)
        assert scrape(first_seen, "faithful", 1) == frozenset()
    assert first_seen.unseen("gone", 2) == {"a"}
    assert first_seen.unseen("faithful", 2) == frozenset()


scrapers = st.sampled_from(["p", "q", *(f"made up {n}" for n in range(40))])
steps = st.lists(st.tuples(st.sampled_from(["born", "scrape"]), scrapers, st.floats(0, 400)), max_size=120)


@given(steps)
def test_what_is_remembered_does_not_grow_with_the_number_of_scrapers(
    history: list[tuple[str, str, float]],
) -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    now = 0.0
    for n, (what, scraper, wait) in enumerate(history):
        now += wait
        if what == "born":
            first_seen.born(f"series {n}")
        else:
            scrape(first_seen, scraper, now)
        assert len(first_seen._scrapers) <= MAX_SCRAPERS
        assert all(youth.seen_by <= first_seen._scrapers.keys() for youth in first_seen._young.values())


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 400)), max_size=60))
def test_a_single_scraper_sees_every_series_at_zero_exactly_once(history: list[tuple[bool, float]]) -> None:
    first_seen: FirstSeen[str] = FirstSeen()
    now, waiting = 0.0, set[str]()
    for n, (is_birth, wait) in enumerate(history):
        now += wait
        if is_birth:
            first_seen.born(f"series {n}")
            waiting.add(f"series {n}")
        else:
            assert scrape(first_seen, "p", now) == waiting
            waiting.clear()
