"""No secret of a line is published, and what a reader needs of the line is."""

import pytest

from logwatch.incident import redact as module
from logwatch.incident.redact import redact

# Made up, in the form of the real ones.
OF_24 = "abcDEF012345ghiJKL678901"


@pytest.mark.parametrize(
    ("line", "published"),
    [
        (f"401 for hf_{OF_24}: gated repo", "401 for hf_[masked]: gated repo"),
        (f"remote: ghp_{OF_24} is not allowed", "remote: ghp_[masked] is not allowed"),
        (f"Incorrect API key provided: sk-proj-{OF_24}.", "Incorrect API key provided: sk-proj-[masked]."),
        (f"nvapi-{OF_24} has expired", "nvapi-[masked] has expired"),
        ("no such key AKIAABCDEFGHIJKLMNOP", "no such key AKIA[masked]"),
        ("proxy http://ann:open sesame", "proxy http://ann:open sesame"),
        ("proxy http://ann:sesame@proxy:3128 refused", "proxy http://ann:[masked]@proxy:3128 refused"),
        (f"GET /o?X-Amz-Signature={OF_24}&n=1 403", "GET /o?X-Amz-Signature=[masked]&n=1 403"),
        (f"Authorization: Bearer {OF_24}", "Authorization: Bearer [masked]"),
        ("WANDB_API_KEY=0123456789 is wrong", "WANDB_API_KEY=[masked] is wrong"),
        ("{'db_password': 'correct-horse'}", "{'db_password': '[masked]'}"),
        ("posting to hooks.slack.com/services/T0/B0/x", "posting to hooks.slack.com/services/[masked]"),
        (f"jwt eyJ{OF_24}.eyJ{OF_24}.{OF_24}", "jwt eyJ[masked]"),
        ("KeyError: 'lm_head.weight'", "KeyError: 'lm_head.weight'"),
        ("Tried to allocate 2.00 GiB. GPU 0 has", "Tried to allocate 2.00 GiB. GPU 0 has"),
    ],
)
def test_secrets_are_masked_and_nothing_else_is(line: str, published: str) -> None:
    assert redact(line) == published


@pytest.mark.parametrize("padding", ["", "x" * 2000])
def test_of_lines_that_differ_in_digits_each_has_its_own_secret_masked(padding: str) -> None:
    lines = [f"token=abcdef{number}9 of rank {number}{padding}" for number in range(3)]
    assert [redact(line) for line in lines] == [f"token=[masked] of rank {n}{padding}" for n in range(3)]


def test_whether_a_line_may_hold_a_secret_does_not_depend_on_its_digits() -> None:
    """It is asked of one line, and holds for all that differ in digits only."""
    words = [word for words, _ in module._SECRETS for word in words]
    assert words
    assert not any(character.isdigit() for word in words for character in word)
