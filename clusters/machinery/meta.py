"""Reading and copying objects: accessors, owner references, conditions, copy-on-write of a path."""

from typing import Any

from clusters.machinery.types import Obj


def name(obj: Obj) -> str:
    return str(obj["metadata"].get("name", ""))


def namespace(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid(obj: Obj) -> str:
    return str(obj["metadata"].get("uid", ""))


def labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def deleting(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Obj) -> dict[str, Any] | None:
    """The owner reference with `controller: true`."""
    for ref in obj["metadata"].get("ownerReferences") or ():
        if ref.get("controller"):
            return dict(ref)
    return None


def controlled_by(obj: Obj, owner: Obj) -> bool:
    ref = controller_of(obj)
    return ref is not None and ref.get("uid") == owner["metadata"].get("uid")


def owner_reference(owner: Obj, *, block: bool = True) -> dict[str, Any]:
    """A controller reference to `owner` (metav1.NewControllerRef)."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": block,
    }


def condition(obj: Obj, kind: str) -> dict[str, Any] | None:
    """The status condition of that type."""
    for cond in (obj.get("status") or {}).get("conditions") or ():
        if cond.get("type") == kind:
            return dict(cond)
    return None


def with_path(obj: Obj, path: tuple[str, ...], value: Any) -> Obj:
    """A copy with `value` at `path`, sharing everything beside the path. None removes the last key."""
    if not path:
        raise ValueError("empty path")
    head, rest = path[0], path[1:]
    out = dict(obj)
    if rest:
        out[head] = with_path(out.get(head) or {}, rest, value)
    elif value is None:
        out.pop(head, None)
    else:
        out[head] = value
    return out


def reference(obj: Obj) -> dict[str, Any]:
    """A core/v1 ObjectReference to a stored object."""
    meta = obj["metadata"]
    out = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "name": meta["name"]}
    for key in ("namespace", "uid", "resourceVersion"):
        if meta.get(key):
            out[key] = meta[key]
    return out
