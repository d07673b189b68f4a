"""Many sightings of few errors: counts, the first and the last."""

from dataclasses import replace

from logwatch.catalogue.entry import Entry
from logwatch.cli.gathering import Firsts, Gathering, Seen
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, Origin, Publisher
from logwatch.incident.strand import MAX_DISTINCT_PLACES
from logwatch.render.report import Finding, Spot
from logwatch.scan.scanner import Match

ENTRY = Entry.model_validate(
    {"id": "a/boom", "signature": "it went boom", "regex": "boom", "root_cause": "Why."}
)
PUBLISHER = Publisher({"a/boom": ENTRY}, "v")
ADVISOR = Advisor({"a/boom": ENTRY}, "v")


def event(spot: Spot) -> Event:
    origin = Origin("scan", spot.path, 1, "key", {}, "here")
    match = Match("a/boom", (), 0, 4, "it went boom", {})
    return PUBLISHER.event(match, origin, offset=0, line_number=spot.line_number, now=0.0)


def spot(line_number: int, time: float | None = None, path: str = "a.log", **labels: str) -> Spot:
    return Spot(path, line_number, labels, time)


def gathered(*spots: Spot) -> Finding:
    firsts, gathering = Firsts(), Gathering()
    for seen in spots:
        first = firsts.is_first("a/boom", seen)
        gathering.add(Seen("a/boom", seen, event(seen) if first else None))
    (finding,) = gathering.findings(ADVISOR)
    return finding


def test_without_times_the_order_of_reading_counts() -> None:
    finding = gathered(spot(5), spot(1), spot(9))
    assert (finding.first.line_number, finding.last and finding.last.line_number) == (5, 9)
    assert finding.incident.count == 3


def test_with_times_the_earliest_is_the_first_and_its_line_is_the_evidence() -> None:
    finding = gathered(spot(5, 50.0), spot(1, 10.0), spot(9, 30.0))
    assert finding.first.line_number == 1
    assert finding.last is not None
    assert finding.last.line_number == 5
    assert finding.incident.evidence.line_number == 1


def test_a_single_sighting_has_no_last() -> None:
    assert gathered(spot(5)).last is None


def test_the_entry_says_what_the_finding_tells() -> None:
    assert gathered(spot(5)).incident.root_cause == "Why."


def test_ranks_of_one_file_are_different_places() -> None:
    finding = gathered(spot(1, rank="0"), spot(2, rank="1"), spot(3, rank="1"), spot(1, path="b.log"))
    assert finding.incident.place_count == 3


def test_in_a_storm_the_count_stays_exact_and_memory_bounded() -> None:
    first = spot(0)
    gathering = Gathering()
    gathering.add(Seen("a/boom", first, event(first)))
    for number in range(1, MAX_DISTINCT_PLACES + 1000):
        gathering.add(Seen("a/boom", replace(first, labels={"pid": str(number)}), None))
    (finding,) = gathering.findings(ADVISOR)
    assert finding.incident.count == MAX_DISTINCT_PLACES + 1000
    assert finding.incident.place_count == MAX_DISTINCT_PLACES + 1000
    assert len(gathering._by_error["a/boom"].places) == MAX_DISTINCT_PLACES
