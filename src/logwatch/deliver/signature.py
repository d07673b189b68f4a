"""Signing by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, version 1.0.0,
"Verifying webhook authenticity".
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 after `whsec_`; without that prefix the text itself is the key.

    Raises:
        ValueError: it is empty, or not base64 after the prefix. The message never repeats it.
    """
    if not secret.startswith(PREFIX):
        key = secret.encode()
    else:
        encoded = secret.removeprefix(PREFIX).rstrip("=")
        try:
            # Some senders of secrets leave the padding out.
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except binascii.Error:
            raise ValueError(f"the signing secret is not base64 after {PREFIX}") from None
    if not key:
        raise ValueError("the signing secret is empty")
    return key


def signed(body: bytes, *, id: str, timestamp: int, keys: Sequence[bytes]) -> Mapping[str, str]:  # noqa: A002
    """The headers that go with `body`. `timestamp` is that of this try, in seconds since the epoch.

    Several keys, while a secret is being changed, give several signatures; none gives no signature.
    """
    headers = {"webhook-id": id, "webhook-timestamp": str(timestamp)}
    if keys:
        content = f"{id}.{timestamp}.".encode() + body
        headers["webhook-signature"] = " ".join(_signature(key, content) for key in keys)
    return headers


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
