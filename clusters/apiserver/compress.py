"""Large answers are compressed for clients that can read it: fast rather than small, since a list in JSON shrinks
to a tenth anyway. Models: apiserver, endpoints/handlers/responsewriters/writers.go.
"""

from __future__ import annotations

import gzip

from clusters.apiserver.http import Request, Response

THRESHOLD = 128 * 1024
_LEVEL = 1


def compress(request: Request, answer: Response) -> None:
    """Compress the body in place, if it is worth it and the client said that it may be."""
    if len(answer.body) <= THRESHOLD or not _accepts_gzip(request.header("accept-encoding")):
        return
    answer.body = gzip.compress(answer.body, _LEVEL, mtime=0)
    answer.headers.append(("Content-Encoding", "gzip"))
    if not any(name == "Vary" and "Accept-Encoding" in value for name, value in answer.headers):
        answer.headers.append(("Vary", "Accept-Encoding"))


def _accepts_gzip(header: str) -> bool:
    return "gzip" in header and any(token.strip() == "gzip" for token in header.split(","))
