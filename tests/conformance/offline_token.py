"""Plugin for sigstore-conformance: an unsigned token, where the suite would fetch one to sign with.

Only verification is tried here, and it uses no token.
"""

from __future__ import annotations

import base64
import json

import urllib3


class _Answer:
    data = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "none"}, {"email": "a", "iss": "b", "exp": 4_000_000_000}, {})
    )


urllib3.request = lambda *_, **__: _Answer()  # type: ignore[assignment]
