"""Resource versions of reads: how they are parsed, waited for and refused.

Models: apiserver, pkg/storage (ValidateListOptions, ParseResourceVersion) and the cacher's wait for freshness.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.params import ListOptions
from clusters.machinery.errors import ApiError, BadRequest, Timeout

_UINT64 = 1 << 64


class NotANumber(ApiError):
    """A resource version that is none: the real server forgets to make a client error of it on get and watch."""

    code, reason = 500, ""


def _problem(text: str) -> str:
    shown = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    why = "invalid syntax" if not (text.isascii() and text.isdigit()) else "value out of range"
    return f"resourceVersion: Invalid value: {shown}: strconv.ParseUint: parsing {shown}: {why}"


def parse_revision(text: str) -> int:
    """Of a get or a watch. Raises NotANumber."""
    if text in ("", "0"):
        return 0
    if not (text.isascii() and text.isdigit()) or int(text) >= _UINT64:
        raise NotANumber(_problem(text))
    return int(text)


def too_large(wanted: int, current: int) -> Timeout:
    """The revision has not been written yet, and waiting for it did not help."""
    return Timeout(
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        details={"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]},
        retry_after=1,
    )


class NotYet(Exception):
    """The revision may still come: whoever asked can wait for it without holding a thread."""

    def __init__(self, wanted: int) -> None:
        super().__init__(wanted)
        self.wanted = wanted


def at_least(call: Call, wanted: int) -> int:
    """The current revision, if it is `wanted` or later. A revision of the future is waited for, then refused.
    Raises NotYet, Timeout."""
    current = call.server.cluster.registry.cache.refresh()
    if wanted > current:
        if call.patient:
            raise NotYet(wanted)
        raise too_large(wanted, current)
    return current


def exact_revision(call: Call, opts: ListOptions) -> int | None:
    """The past revision that a list must be read at, or None for now. Raises BadRequest, Timeout."""
    try:
        wanted = parse_revision(opts.rev)
    except NotANumber as problem:
        raise BadRequest(f"invalid resource version: {problem.message}") from None
    if wanted == 0:
        return None
    at_least(call, wanted)
    if opts.match == "Exact" or (not opts.match and opts.limit > 0):
        return wanted
    return None
