"""Where a bearer token stands: in the Authorization header, or among a websocket's subprotocols.

Models: apiserver, pkg/authentication/request/{bearertoken,websocket}.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from clusters.apiserver.http import Request

PROTOCOL = "base64url.bearer.authorization.k8s.io."
EXTRA_SPACE = "the provided Authorization header contains extra space before the bearer token, and is ignored"


class Malformed(Exception):
    """There is a token, and it cannot be read."""


def token_of(request: Request) -> str:
    """The token; "" if there is none. Raises Malformed."""
    header = request.header("authorization")
    if header:
        parts = _parts(header)
        return parts[1] if len(parts) > 1 else ""
    protocols = request.header("sec-websocket-protocol")
    return _of_protocols(protocols) if PROTOCOL in protocols else ""


def others(protocols: Sequence[str]) -> list[str]:
    """The subprotocols without a token, which nobody shall read in an answer."""
    return [p for p in protocols if not p.startswith(PROTOCOL)]


def ignored(request: Request) -> str:
    """Why a header that looks like a token's is none; "" if it is not so."""
    parts = _parts(request.header("authorization"))
    return EXTRA_SPACE if len(parts) == 3 and not parts[1] else ""


def _parts(header: str) -> list[str]:
    """Scheme, token, and what stands behind it; empty for other schemes."""
    parts = header.strip().split(" ", 2)
    return parts if parts[0].lower() == "bearer" else []


def _of_protocols(header: str) -> str:
    protocols = [part.strip() for part in header.split(",")]
    tokens = [p.removeprefix(PROTOCOL) for p in protocols if p.startswith(PROTOCOL)]
    if len(tokens) > 1 or len(tokens) == len(protocols):
        # One token, and a protocol that the server can say yes to.
        raise Malformed
    text = tokens[0] if tokens else ""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Malformed from None
