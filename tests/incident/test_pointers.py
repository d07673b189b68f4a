"""Whom real lines speak of and whom they blame."""

import pytest

from logwatch.incident.event import Event
from logwatch.incident.pointers import MAX_NAMES, Involved, Pointers, job_of, read, short_host, xid_of

from .scene import event


def line(text: str, where: str = "llm/", **captures: str) -> Event:
    return event(0, where, "app/bug", line=text.replace("_", "\x00").replace(" ", "_"), **captures)


def said(text: str, where: str = "llm/", **captures: str) -> Pointers:
    return read(line(text, where, **captures))


def test_a_line_that_points_nowhere_says_nothing() -> None:
    assert said("loss 2.1345 at step 4030") == Pointers()


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ("Received a dump signal due to a collective timeout from  rank 7 and we will try our best", {"7"}),
        ("Received a global timeout from another rank, collective timeout in peer from rank 12", {"12"}),
        ("RuntimeError: [Rank 0]: Rank 1 failed to pass monitoredBarrier in 4000 ms", {"1"}),
        (
            "RuntimeError: [Rank 0]: Ranks 1, 3, 04 failed to pass monitoredBarrier in 60000 ms",
            {"1", "3", "4"},
        ),
        ("[Rank 0]: Rank 2 timed out in monitoredBarrier after 4000 ms", {"2"}),
        ("To our best knowledge, ranks [3, 5] are the lagging ranks that caused this timeout.", {"3", "5"}),
        ("Rank 7 found NaN in local forward loss calculation", set()),
        ("[3] joined but didn't finish collective #1580", set()),
    ],
)
def test_ranks_are_blamed_by_the_phrases_that_blame(text: str, ranks: set[str]) -> None:
    assert said(text).culprits == ranks


def test_this_local_rank_is_the_one_that_writes() -> None:
    pointers = said("Received a dump signal due to a collective timeout from this local rank and", "llm/4")
    assert (pointers.ranks, pointers.culprits) == ({"4"}, {"4"})


def test_a_captured_rank_is_the_writers_unless_the_line_blames_it() -> None:
    assert said("an illegal memory access was encountered", rank="3").ranks == {"3"}
    blaming = said("Rank 1 failed to pass monitoredBarrier in 4000 ms", rank="1")
    assert (blaming.ranks, blaming.culprits) == (frozenset(), {"1"})


def test_the_rank_of_the_log_goes_before_a_captured_one() -> None:
    assert said("whatever", "llm/03", rank="9").ranks == {"3"}


def test_no_more_ranks_are_taken_from_a_line_than_can_be_kept() -> None:
    ranks = ", ".join(str(n) for n in range(4000))
    assert len(said(f"Ranks {ranks} failed to pass monitoredBarrier in 4000 ms").culprits) == MAX_NAMES


@pytest.mark.parametrize(
    ("captures", "pids"),
    [
        ({"pid": "5334"}, {"5334"}),
        ({"pid": "5406, 5407"}, {"5406", "5407"}),
        ({"victim_pid": "19289"}, {"19289"}),
        ({"process": "3722"}, {"3722"}),
        ({"process": "python3"}, set()),
        ({"pid": "0"}, set()),
        ({"other_pid": "2006998"}, set()),
        ({"pid": "<unknown>"}, set()),
    ],
)
def test_pids_are_captured(captures: dict[str, str], pids: set[str]) -> None:
    pointers = said("whatever", **captures)
    assert (pointers.pids, pointers.named_pids) == (pids, pids)


@pytest.mark.parametrize(
    ("device", "address"),
    [
        ("0000:3b:00", "0000:3b:00"),
        ("0000:3B:00.0", "0000:3b:00"),
        ("00000000:86:00.0", "0000:86:00"),
        ("0000:01:00 GPU-I:05", "0000:01:00"),
        ("4b:00.0", "0000:4b:00"),
        ("mlx5_3", None),
        ("0", None),
    ],
)
def test_a_device_is_known_by_its_pci_address(device: str, address: str | None) -> None:
    assert said("whatever", device=device).devices == ({address} if address else set())


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("gpu004.ds-a4-r02.abc.com", "gpu004"),
        ("fe80::966d:ae03:8b:df78%ib0", "fe80::966d:ae03:8b:df78"),
        ("[10.1.2.3]", "10.1.2.3"),
        ("1", None),
        ("<script>", None),
    ],
)
def test_a_peer_is_a_host_or_an_address(peer: str, host: str | None) -> None:
    assert said("whatever", peer=peer).peers == ({host} if host else set())


@pytest.mark.parametrize(
    ("text", "captures", "seconds"),
    [
        ("whatever", {"ran_ms": "1800218", "timeout_ms": "1800000"}, 1800.218),
        ("Timeout(ms)=1800000) ran for 1800218 milliseconds before timing out.", {}, 1800.218),
        ("WorkNCCL(SeqNum=1, Timeout(ms)=10000) timed out", {}, 10),
        ("whatever", {"stuck_s": "480"}, 480),
        ("whatever", {"timeout": "600000ms"}, 600),
        ("whatever", {"timeout": "60s"}, 60),
        ("whatever", {"timeout": "0:30:00"}, 1800),
        ("whatever", {"seconds": "3.5"}, 3.5),
        ("whatever", {"timeout": "for ever"}, 0),
        ("ran for 99999999999999 milliseconds", {}, 0),
    ],
)
def test_how_long_something_was_waited_for(text: str, captures: dict[str, str], seconds: float) -> None:
    assert said(text, **captures).look_back_s == pytest.approx(seconds)


def test_a_previous_xid_is_captured_or_found() -> None:
    assert said("whatever", previous_xid="31").previous_xids == {"31"}
    text = "NVRM: Xid (PCI:0000:3b:00): 43, pid=9912, Ch 00000008 caused by previous Xid 149"
    assert said(text).previous_xids == {"149"}


@pytest.mark.parametrize(
    ("error_id", "xid"),
    [
        ("nvidia/xid-45", "45"),
        ("nvidia/xid-149-fatal", "149"),
        ("nvidia/xid-uncatalogued", ""),
        ("nvidia/sxid-20034", ""),
    ],
)
def test_an_entry_of_an_xid_is_known_by_its_id(error_id: str, xid: str) -> None:
    assert xid_of(error_id) == xid


def test_a_machine_is_named_by_the_event_or_by_the_scheduler() -> None:
    assert said("whatever", "@Node7.cluster.local").nodes == {"node7"}
    assert said("whatever", node="cn106").nodes == {"cn106"}
    assert said("whatever", node="cn[1-3]").nodes == set()
    assert short_host("10.0.0.7") == "10.0.0.7"


def test_a_job_is_its_label_else_slurms_number_else_a_pod() -> None:
    assert job_of(event(0, "llm/0", "slurm/cancelled", job="63532.0")) == "llm"
    assert job_of(event(0, "@node7", "slurm/cancelled", job="63532.0")) == "63532"
    assert job_of(event(0, "@node7", "slurm/oom-kill", step="9052260.batch")) == "9052260"
    assert job_of(event(0, "@node7", "app/bug", job="63532.0")) == ""


def test_what_is_involved_is_kept_up_to_a_bound_and_said_to_be_new_once() -> None:
    involved = Involved()
    assert involved.learn(Pointers(ranks=frozenset({"1"}), look_back_s=5.0), most=2)
    assert not involved.learn(Pointers(ranks=frozenset({"1"}), look_back_s=4.0), most=2)
    assert involved.learn(Pointers(ranks=frozenset({"2"})), most=2)
    assert not involved.learn(Pointers(ranks=frozenset({"3"})), most=2)
    assert Involved.from_dict(involved.to_dict()) == involved
