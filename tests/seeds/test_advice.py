"""What the shipped entries advise: in order, with a basis, and nothing that makes it worse."""

import re
from collections.abc import Iterator, Sequence

import pytest

from logwatch.catalogue.entry import Entry, Workaround, ranked_workarounds
from logwatch.catalogue.load import load, shipped_folder

# Records that came from elsewhere and stay as they came.
_AS_THEY_CAME = {"huggingface/accelerate-multi-gpu-device-map-conflict"}
# How sure the advice of an entry may be by the number of places that the record names.
_SURE_BY_PLACES = {1: 0.85, 2: 0.9}
# What must never be the advice, and how the advice has to qualify what is right in one case only.
_HARMFUL: Sequence[tuple[str, str, str]] = (
    (r"weights_only ?= ?False", r"", "runs code out of the file"),
    (r"(?i)disabl\w+ ecc|ecc off|nvidia-smi -e 0", r"", "silences the memory errors, and corrupts results"),
    (
        r"NCCL_P2P_DISABLE=1",
        r"no(?:ne can|\b.{0,10} P2P)|without P2P|as a test|in NCCL",
        "costs bandwidth where P2P is not at fault",
    ),
    (r"NCCL_IB_DISABLE=1", r"without InfiniBand", "falls back to TCP where the fabric is not at fault"),
    (r"(?i)verify ?= ?False|HF_HUB_DISABLE_SSL", r"", "lets anybody answer for the server"),
    (r"oom_score_adj|vm\.panic_on_oom", r"", "makes the kernel kill something else"),
)
_NO_RESET = (
    "nvidia/xid-79",
    "nvidia/gpu-fallen-off-bus",
    "nvidia/xid-154-node-reboot",
    "pytorch/cuda-out-of-memory",
)
# There, it is the right cure: the cards have none of it.
_BY_DESIGN = {"huggingface/rtx-4000-p2p"}


@pytest.fixture(scope="module")
def entries() -> Sequence[Entry]:
    return [entry for entry in load([shipped_folder()]).entries.values() if entry.id not in _AS_THEY_CAME]


def advice(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Workaround]]:
    for entry in entries:
        for workaround in entry.workarounds:
            yield entry, workaround


def test_what_to_do_is_written_in_the_order_in_which_it_is_recommended(entries: Sequence[Entry]) -> None:
    assert [
        entry.id
        for entry in entries
        if [one.action for one in ranked_workarounds(entry)] != [one.action for one in entry.workarounds]
    ] == []


def test_a_rate_is_no_more_precise_than_a_claim_can_be(entries: Sequence[Entry]) -> None:
    rates = {
        entry.id: [
            *(one.success_rate for one in entry.workarounds),
            *(one.fail_rate for one in entry.dead_ends),
            entry.confidence,
            entry.fix_success_rate,
        ]
        for entry in entries
    }
    assert {
        name: rate
        for name, all_of_it in rates.items()
        for rate in all_of_it
        if rate is not None and abs(rate * 20 - round(rate * 20)) > 1e-6
    } == {}


def test_nobody_is_surer_than_the_places_that_were_seen_allow(entries: Sequence[Entry]) -> None:
    assert [
        (entry.id, entry.evidence_count, entry.confidence)
        for entry in entries
        if (entry.confidence or 0.0) > _SURE_BY_PLACES.get(entry.evidence_count or 1, 0.95)
    ] == []


@pytest.mark.parametrize(("harmful", "unless", "why"), _HARMFUL)
def test_nothing_is_advised_that_makes_it_worse(
    entries: Sequence[Entry], harmful: str, unless: str, why: str
) -> None:
    assert [
        (entry.id, one.action, why)
        for entry, one in advice(entries)
        if entry.id not in _BY_DESIGN
        and re.search(harmful, one.action)
        and not (unless and re.search(unless, f"{one.action} {one.condition}"))
    ] == []


@pytest.mark.parametrize("name", _NO_RESET)
def test_a_gpu_is_not_reset_where_that_does_not_help(entries: Sequence[Entry], name: str) -> None:
    (entry,) = [one for one in entries if one.id == name]
    assert entry.decision != "reset_gpu"
    assert [one.action for one in entry.workarounds if "gpu-reset" in one.action] == []
