"""Signatures are those that every Standard Webhooks library makes and checks."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.signature import key_of, signed

# github.com/standard-webhooks/standard-webhooks, libraries/javascript/src/webhook.test.ts, "sign function
# works"; the libraries for other languages are tested with the same values.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_vector() -> None:
    assert signed(BODY, id=ID, timestamp=TIMESTAMP, keys=[key_of(SECRET)]) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_while_a_secret_is_replaced_both_sign() -> None:
    other = "whsec_" + base64.b64encode(b"n" * 32).decode()
    headers = signed(BODY, id=ID, timestamp=TIMESTAMP, keys=[key_of(other), key_of(SECRET)])
    signatures = headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    assert signatures[1] == SIGNATURE
    assert signatures[0].startswith("v1,")


def test_without_a_secret_there_is_no_signature() -> None:
    assert set(signed(BODY, id=ID, timestamp=TIMESTAMP, keys=[])) == {"webhook-id", "webhook-timestamp"}


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200), st.integers(0, 2**40))
def test_a_receiver_can_check_it(key: bytes, body: bytes, timestamp: int) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signed(body, id="m", timestamp=timestamp, keys=[key_of(secret)])
    version, signature = headers["webhook-signature"].split(",")
    content = b"m." + headers["webhook-timestamp"].encode() + b"." + body
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.new(key, content, hashlib.sha256).digest()


@given(st.binary(min_size=1, max_size=64))
def test_padding_may_be_left_out(key: bytes) -> None:
    assert key_of("whsec_" + base64.b64encode(key).decode().rstrip("=")) == key


def test_without_the_prefix_the_text_is_the_key() -> None:
    assert key_of("correct horse battery staple") == b"correct horse battery staple"


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_a", "whsec_", ""])
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret") as refused:
        key_of(secret)
    assert "not base64!" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
