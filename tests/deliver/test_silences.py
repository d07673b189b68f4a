"""A silence mutes what it names until it ends, and nothing else."""

import json

import pytest

from logwatch.deliver.silences import Silence
from render.incidents import incident

NOW = 1_795_326_000.0


def silence(error: str = "nccl/watchdog-timeout", **changes: object) -> Silence:
    body = {"id": "s1", "error": error, "owner": "ada", "created": NOW - 60, "ends": NOW + 60, **changes}
    return Silence.from_dict(body)


@pytest.mark.parametrize(
    "about",
    [
        silence(),
        silence("nccl/*"),
        silence("*", job="llm-*"),
        silence("*", labels={"cluster": "eu?"}),
        silence(job="llm-70b", labels={"cluster": "eu1"}),
    ],
)
def test_it_mutes_what_fits_all_its_patterns(about: Silence) -> None:
    assert about.mutes(incident(), NOW)


@pytest.mark.parametrize(
    "about",
    [
        silence("nvidia/*"),
        silence("nccl"),
        silence(job="other"),
        silence(labels={"cluster": "us1"}),
        silence(labels={"team": "*"}),
    ],
)
def test_one_pattern_that_does_not_fit_is_enough_to_be_heard(about: Silence) -> None:
    assert not about.mutes(incident(), NOW)


def test_a_former_id_of_the_error_is_as_good() -> None:
    assert not silence("nccl/old-name").mutes(incident(), NOW)
    assert silence("nccl/old-name").mutes(incident(), NOW, ["nccl/old-name"])


def test_it_ends() -> None:
    assert not silence().is_over(NOW + 59.9)
    assert silence().is_over(NOW + 60)
    assert not silence().mutes(incident(), NOW + 60)


def test_it_survives_the_way_through_json() -> None:
    whole = silence("nccl/*", job="a", labels={"x": "y"}, comment="während der Wartung")
    assert Silence.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        {},
        {"id": "s", "error": "e", "owner": "o", "created": 1},
        {"id": "s", "error": "e", "owner": "", "created": 1, "ends": 2},
        {"id": "s", "error": "", "owner": "o", "created": 1, "ends": 2},
        {"id": "s", "error": "e", "owner": "o", "created": 1, "ends": "soon"},
        {"id": "s", "error": "e", "owner": "o", "created": 1, "ends": 2, "labels": [1]},
    ],
)
def test_what_is_no_silence_is_refused(body: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, it must not be anything else
        Silence.from_dict(body)  # type: ignore[arg-type]
