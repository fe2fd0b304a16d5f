"""What authorization looks at, and the words of its refusals."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.apiserver.requestinfo import RequestInfo
from clusters.machinery.errors import Forbidden, qualified
from clusters.machinery.selectors import ALL_FIELDS, FieldSelector
from clusters.machinery.types import UserInfo

MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class Attributes:
    """One action. `resource` is empty for a path that is no resource."""

    user: UserInfo
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: FieldSelector = ALL_FIELDS
    """What a list, watch or deletion of many is narrowed to."""

    @classmethod
    def of(cls, user: UserInfo, info: RequestInfo) -> Attributes:
        return cls(
            user,
            info.verb,
            info.group,
            info.version,
            info.resource,
            info.subresource,
            info.namespace,
            info.named,
            info.path,
            info.fields,
        )

    @property
    def combined(self) -> str:
        """`pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    """`allowed`, and why; a refusal's reason is what went wrong on the way, if anything did."""

    allowed: bool
    reason: str = ""


ALLOWED = Decision(True)
NO_OPINION = Decision(False)


def forbidden(attrs: Attributes, reason: str = "") -> Forbidden:
    """The 403 for an action."""
    user = attrs.user.name
    if not attrs.resource:
        text = f'User "{user}" cannot {attrs.verb} path "{attrs.path}"'
        if reason:
            text = f"{text}: {reason}"
        return Forbidden(f"forbidden: {text}", details={})
    what = f'User "{user}" cannot {attrs.verb} resource "{attrs.combined}" in API group "{attrs.group}"'
    where = f' in the namespace "{attrs.namespace}"' if attrs.namespace else " at the cluster scope"
    why = what + where + (f": {reason}" if reason else "")
    kind = qualified(attrs.resource, attrs.group)
    head = f'{kind} "{attrs.name}"' if attrs.name else kind
    details: dict[str, str] = {}
    if attrs.name:
        details["name"] = attrs.name
    if attrs.group:
        details["group"] = attrs.group
    details["kind"] = attrs.resource
    return Forbidden(f"{head} is forbidden: {why}", details=details)
