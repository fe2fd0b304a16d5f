"""The one tree of API errors, each rendered to a Kubernetes `Status` in one place (`ApiError.status()`).

                      ApiError
   ┌─────────┬───────────┼──────────┬───────────┬──────────┬───────── ...
 BadRequest NotFound  Conflict AlreadyExists  Invalid  Forbidden  Gone (Expired)

Models: apimachinery, pkg/api/errors. Texts are those of the real server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusters.machinery.field import FieldError

Cause = dict[str, str]


def qualified(resource: str, group: str) -> str:
    """`pods` or `deployments.apps`: how messages name a resource (or kind) with its group."""
    return f"{resource}.{group}" if group else resource


def aggregate(messages: Iterable[str]) -> str:
    """Several problems as one text (utilerrors.Aggregate): each said once, in brackets if they are many."""
    once = list(dict.fromkeys(messages))
    return once[0] if len(once) == 1 else f"[{', '.join(once)}]"


class ApiError(Exception):
    """An answer that is not a success: `code` is the HTTP status, `reason` the machine-readable word."""

    code = 500
    reason = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        reason: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata or {}
        if code is not None:
            self.code = code
        if reason is not None:
            self.reason = reason
        self.details = dict(details) if details is not None else None
        self.retry_after = retry_after

    def status(self) -> dict[str, Any]:
        """The `metav1.Status` body."""
        out: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata),
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            out["reason"] = self.reason
        details = dict(self.details) if self.details is not None else None
        if self.retry_after is not None:
            details = {**(details or {}), "retryAfterSeconds": self.retry_after}
        if details is not None:
            out["details"] = details
        out["code"] = self.code
        return out


def _details(name: str, group: str, resource: str, **more: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if name:
        out["name"] = name
    if group:
        out["group"] = group
    if resource:
        out["kind"] = resource
    out.update({k: v for k, v in more.items() if v})
    return out


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"

    def __init__(self, message: str = "Unauthorized") -> None:
        super().__init__(message)


class Forbidden(ApiError):
    """`pods "x" is forbidden: WHY` (admission, authorization)."""

    code, reason = 403, "Forbidden"

    @classmethod
    def of(cls, group: str, resource: str, name: str, why: str, causes: Sequence[Cause] = ()) -> Forbidden:
        what = qualified(resource, group)
        text = f'{what} "{name}" is forbidden: {why}' if name else f"{what} is forbidden: {why}"
        if not what:
            text = f"forbidden: {why}"
        return cls(text, details=_details(name, group, resource, causes=list(causes)))


class NotFound(ApiError):
    code, reason = 404, "NotFound"

    @classmethod
    def of(cls, group: str, resource: str, name: str) -> NotFound:
        return cls(f'{qualified(resource, group)} "{name}" not found', details=_details(name, group, resource))

    @classmethod
    def path(cls) -> NotFound:
        """No such resource type: what the generic 404 handler of the API machinery answers."""
        return cls("the server could not find the requested resource", details={})


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"

    def __init__(self, message: str = "the server does not allow this method on the requested resource") -> None:
        super().__init__(message, details={})


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"

    @classmethod
    def of(cls, group: str, resource: str, name: str) -> AlreadyExists:
        return cls(f'{qualified(resource, group)} "{name}" already exists', details=_details(name, group, resource))


class Conflict(ApiError):
    """A stale `resourceVersion`, a failed precondition, or apply conflicts (then with causes)."""

    code, reason = 409, "Conflict"

    @classmethod
    def of(cls, group: str, resource: str, name: str, why: str) -> Conflict:
        return cls(
            f'Operation cannot be fulfilled on {qualified(resource, group)} "{name}": {why}',
            details=_details(name, group, resource),
        )

    @classmethod
    def stale(cls, group: str, resource: str, name: str) -> Conflict:
        return cls.of(
            group,
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )


class Gone(ApiError):
    """`410 Expired`: the revision is compacted; list again."""

    code, reason = 410, "Expired"


class TooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """422 with one cause per field error, in the order in which validation found them."""

    code, reason = 422, "Invalid"

    @classmethod
    def of(cls, group: str, kind: str, name: str, errors: Sequence[FieldError]) -> Invalid:
        """`kind` is the Kind (`Pod`), not the resource; `group` qualifies it (`Deployment.apps`)."""
        joined = aggregate([e.text() for e in errors])
        causes = [{"reason": e.type.reason, "message": e.body(), "field": e.field} for e in errors]
        return cls(
            f'{qualified(kind, group)} "{name}" is invalid: {joined}',
            details=_details(name, group, kind, causes=causes),
        )


class TooManyRequests(ApiError):
    """429: an eviction that a budget forbids, or a client over its rate."""

    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(ApiError):
    code, reason = 504, "Timeout"
