"""Server-side apply: the object becomes what the manager's configuration says of the fields that it names.

    live ──merge──▶ merged ──prune──▶ without what the manager applied last time, does not apply now,
                                      and nobody else owns
    configuration ──▶ the manager's new set; other managers' fields that would change: conflicts, or taken by force

Models: structured-merge-diff, merge/update.go; apimachinery, pkg/util/managedfields (structuredmerge.go,
lastappliedmanager.go, skipnonapplied.go, conflict.go).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from clusters.machinery import gojson, goyaml
from clusters.machinery.convert import convert
from clusters.machinery.errors import ApiError, BadRequest, Conflict
from clusters.machinery.field import go_quote
from clusters.machinery.gojson import GoJsonError
from clusters.machinery.patch import compare, configuration, fieldset, managedfields, merging
from clusters.machinery.patch.fieldset import FieldSet
from clusters.machinery.patch.managedfields import BEFORE_FIRST_APPLY, Entry, Key
from clusters.machinery.patch.typed import ABSENT, TypedError
from clusters.machinery.scalars import DecodeError
from clusters.machinery.schema import ObjectType
from clusters.machinery.types import Obj

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL = "kubectl"


class _Conflicts(Exception):
    """Fields of other managers that the configuration would change."""

    def __init__(self, found: dict[Key, FieldSet]) -> None:
        super().__init__()
        self.found = found


def parse(body: bytes) -> tuple[Obj, list[str]]:
    """The configuration in a request body (YAML or JSON), and its duplicate keys as the server warns of them.
    Raises BadRequest."""
    try:
        if body[:1] == b"{":
            try:
                value = gojson.parse_json(body)
                if _members(value) == gojson.count_keys(body):
                    return value, []
            except GoJsonError:
                pass  # YAML that begins like JSON
        value, duplicates = goyaml.parse_yaml_strict(body)
    except GoJsonError as error:
        text = str(error)
        if text.startswith("yaml:"):
            text = f"error converting YAML to JSON: {text}"
        raise BadRequest(f"error decoding YAML: {text}") from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        shown = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        what = f"json: cannot unmarshal {shown} into Go value of type map[string]interface {{}}"
        raise BadRequest(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {what}")
    wrong = []
    if duplicates:
        wrong = ["error converting YAML to JSON: yaml: unmarshal errors:\n  " + "\n  ".join(duplicates)]
    return value, wrong


def _members(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_members(v) for v in value.values())
    return sum(_members(v) for v in value) if isinstance(value, list) else 0


def server_side_apply(
    live: Obj | None,
    applied: Obj,
    *,
    manager: str,
    force: bool = False,
    api_version: str,
    kind: str = "",
    time: str,
    subresource: str = "",
    type_: ObjectType,
    reset: FieldSet | None = None,
    speaks: Callable[[str], bool] | None = None,
    custom: bool = False,
) -> Obj:
    """The object after the configuration was applied (None: created by it), not yet defaulted. The result is
    `live` itself if nothing changes. Raises Conflict (with the fields as causes), BadRequest, or a 500 for a
    configuration that does not fit the type, all with the server's texts. `speaks` and `custom`: see
    `managedfields.track`; where that forgets all managers this fails."""
    _check_identity(applied, api_version, kind)
    base = live if live is not None else {**_identity(api_version, applied), **managedfields.empty_object(type_)}
    managers = managedfields.managers_of(base["metadata"].get("managedFields")) or {}
    run = _Apply(base, applied, manager, api_version, time, subresource, type_, reset)
    try:
        if not managers and live is not None:
            run.adopt(managers)
        if speaks is not None:
            _drop_unspoken(managers, api_version, speaks, custom=custom)
        out = run.run(dict(managers), force=force)
    except TypedError as error:
        raise run.misfit(error) from None
    except _Conflicts as conflicts:
        found = conflicts.found
        if manager == _KUBECTL:
            allowed = _last_applied(base, type_, api_version)
            left = {k: fieldset.difference(v, allowed) for k, v in found.items()} if allowed else found
            found = {k: v for k, v in left.items() if v}
        if found:
            raise _conflict(found) from None
        out = run.run(dict(managers), force=True)
    if manager == _KUBECTL and LAST_APPLIED in (out["metadata"].get("annotations") or {}):
        out = _with_last_applied(out, applied)
    return out


def _drop_unspoken(
    managers: dict[Key, Entry], api_version: str, speaks: Callable[[str], bool], *, custom: bool
) -> None:
    for key in managedfields.unspoken(managers, api_version, speaks):
        if custom:
            version = managers[key]["apiVersion"]
            raise ApiError(f"request to convert CR to an invalid group/version: {version}", code=500, reason="")
        del managers[key]


def _identity(api_version: str, applied: Obj) -> Obj:
    return {"kind": applied.get("kind", ""), "apiVersion": api_version}


def _check_identity(applied: Obj, api_version: str, kind: str) -> None:
    sent_version, sent_kind = applied.get("apiVersion") or "", applied.get("kind") or ""
    if sent_version == api_version and sent_kind and (not kind or sent_kind == kind):
        return
    group, _, version = sent_version.rpartition("/")
    raise BadRequest(f"invalid object type: {group}/{version}, Kind={sent_kind}")


class _Apply:
    """One application of a configuration."""

    def __init__(
        self,
        live: Obj,
        applied: Obj,
        manager: str,
        api_version: str,
        time: str,
        subresource: str,
        type_: ObjectType,
        reset: FieldSet | None,
    ) -> None:
        self.live = live
        self.applied = applied
        self.api_version = api_version
        self.time = time
        self.type = type_
        self.key: Key = (manager, "Apply", "", subresource)
        self.reset = managedfields.reset_fields(type_, subresource) if reset is None else reset
        if self._metadata().get("managedFields") is not None:
            raise BadRequest("metadata.managedFields must be nil")
        try:
            configuration.validate(type_, applied)
        except TypedError as error:
            raise ApiError(
                f"failed to create typed patch object ({self._name()}): {error}", code=500, reason=""
            ) from None
        self.config = configuration.applied(type_, applied)
        self.set = self._own(self.config)

    def _metadata(self) -> Obj:
        meta = self.applied.get("metadata")
        return meta if isinstance(meta, dict) else {}

    def misfit(self, error: TypedError) -> ApiError:
        """Something does not fit its type, and it was not the configuration: the object itself."""
        try:
            configuration.validate(self.type, self.live)
        except TypedError as found:
            error = found
        return ApiError(f"failed to create typed live object ({self._name()}): {error}", code=500, reason="")

    def _name(self) -> str:
        meta = self._metadata()
        group, _, version = self.api_version.rpartition("/")
        return f"{meta.get('namespace', '')}/{meta.get('name', '')}; {group}/{version}, Kind={self.applied['kind']}"

    def _own(self, fields: FieldSet) -> FieldSet:
        """Without identity, metadata that nobody owns, and what the write cannot change."""
        out = {k: v for k, v in fields.items() if k not in ("f:apiVersion", "f:kind")}
        meta = out.pop("f:metadata", None)
        if meta is not None:
            kept = {k: v for k, v in meta.items() if k[2:] not in managedfields.STRIPPED and k != fieldset.DOT}
            if kept:
                out["f:metadata"] = kept
        return fieldset.without_subtrees(out, self.reset) if self.reset else out

    def adopt(self, managers: dict[Key, Entry]) -> None:
        """What was there before anybody tracked it belongs to `before-first-apply`."""
        taken, _ = managedfields.changes(managedfields.empty_object(self.type), self.live, self.type)
        if self.reset:
            taken = fieldset.without_subtrees(taken, self.reset)
        if taken:
            key = (BEFORE_FIRST_APPLY, "Update", self.api_version, self.key[3])
            managers[key] = managedfields.make_entry(key, self.api_version, self.time, taken)

    def run(self, managers: dict[Key, Entry], *, force: bool) -> Obj:
        last = managers.pop(self.key, None)
        merged = self._merge()
        if last is not None and last.get("fieldsV1"):
            merged = self._prune(merged, managers, last["fieldsV1"])
        taken, removed = managedfields.changes(self.live, merged, self.type)
        if self.reset:
            taken = fieldset.without_subtrees(taken, self.reset)
            removed = fieldset.without_subtrees(removed, self.reset)
        self._settle(managers, taken, removed, force=force)
        changed = bool(merged != self.live)
        if self.set:
            time = self.time if changed else (last or {}).get("time", "")
            managers[self.key] = managedfields.make_entry(self.key, self.api_version, time, self.set)
        entries = managedfields.sort_entries(managers)
        if not changed and entries == (self.live["metadata"].get("managedFields") or []):
            return self.live
        out = self._converted(merged)
        if entries:
            out["metadata"]["managedFields"] = entries
        return out

    def _converted(self, merged: Obj) -> Obj:
        """The merged configuration as the type holds it, without managed fields."""
        meta = {k: v for k, v in merged["metadata"].items() if k != "managedFields"}
        try:
            obj, _ = convert({**merged, "metadata": meta}, self.type)
        except DecodeError as error:
            text = f"failed to convert new typed object ({self._name()}) to object: {error}"
            raise ApiError(text, code=500, reason="") from None
        obj.setdefault("metadata", {})
        return {"kind": self.applied["kind"], "apiVersion": self.api_version, **obj}

    def _merge(self) -> Obj:
        try:
            merged = merging.merge(self.type, self.live, self.applied)
        except TypedError as error:
            raise ApiError(f"failed to merge config: {error}", code=500, reason="") from None
        out: Obj = merged if merged is not ABSENT else {}
        return out if out.get("metadata") is not None else {**out, "metadata": {}}

    def _prune(self, merged: Obj, managers: dict[Key, Entry], previous: FieldSet) -> Obj:
        """Remove what the manager applied last time and does not now, unless others own it."""
        node = self.type
        last = fieldset.with_named(previous, node)
        everything = fieldset.with_named(configuration.applied(node, merged), node)
        pruned = merging.remove(node, merged, last)
        kept = fieldset.union(self._fields(pruned), fieldset.with_named(self.config, node))
        for entry in managers.values():
            kept = fieldset.union(kept, fieldset.with_named(entry.get("fieldsV1") or {}, node))
        pruned = merging.remove(node, merged, fieldset.difference(everything, kept))
        gone = fieldset.intersection(fieldset.difference(everything, self._fields(pruned)), last)
        out = merging.remove(node, merged, gone)
        result: Obj = out if out is not ABSENT else {}
        result.setdefault("metadata", merged["metadata"])
        return result

    def _fields(self, value: Any) -> FieldSet:
        return fieldset.with_named(configuration.applied(self.type, value), self.type) if value is not ABSENT else {}

    def _settle(self, managers: dict[Key, Entry], taken: FieldSet, removed: FieldSet, *, force: bool) -> None:
        conflicts = {}
        for key, entry in managers.items():
            found = fieldset.intersection(entry.get("fieldsV1") or {}, taken)
            if found:
                conflicts[key] = found
        if conflicts and not force:
            raise _Conflicts(conflicts)
        managedfields.disown(managers, taken, removed)


def _shown(key: Key) -> str:
    """A manager as conflict messages name it."""
    manager, operation, version, subresource = key
    out = go_quote(manager)
    if subresource:
        out += f" with subresource {go_quote(subresource)}"
    return f"{out} using {version}" if operation == "Update" else out


def _conflict(found: dict[Key, FieldSet]) -> Conflict:
    flat = [(_shown(key), path) for key in sorted(found) for path in fieldset.paths(found[key])]
    if len(flat) == 1:
        who, path = flat[0]
        message = f"Apply failed with 1 conflict: conflict with {who}: {path}"
    else:
        lines: list[str] = []
        for i, (who, path) in enumerate(flat):
            if i == 0 or flat[i - 1][0] != who:
                lines.append(f"conflicts with {who}:")
            lines.append(f"- {path}")
        message = f"Apply failed with {len(flat)} conflicts: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path} for who, path in flat
    ]
    return Conflict(message, details={"causes": causes})


# -- kubectl's way from client-side apply -------------------------------------------------------------------


def _last_applied(live: Obj, type_: ObjectType, api_version: str) -> FieldSet:
    """The fields that kubectl set by client-side apply and that still have the values it set."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return {}
    try:
        config = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(config, dict) or config.get("apiVersion") != api_version:
        return {}
    try:
        configuration.validate(type_, config)
        taken, gone = compare.compare(type_, config, live)
    except TypedError:
        return {}
    fields = configuration.applied(type_, config)
    return fieldset.difference(fieldset.difference(fields, taken or {}), gone or {})


def _with_last_applied(out: Obj, applied: Obj) -> Obj:
    """kubectl's annotation follows what kubectl applied."""
    meta = {k: v for k, v in (applied.get("metadata") or {}).items() if k != "managedFields"}
    if "annotations" in meta:
        rest = {k: v for k, v in meta["annotations"].items() if k != LAST_APPLIED}
        meta["annotations"] = rest
    text = orjson.dumps({**applied, "metadata": meta}, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    old = out["metadata"]
    if old["annotations"][LAST_APPLIED] == text:
        return out
    return {**out, "metadata": {**old, "annotations": {**old["annotations"], LAST_APPLIED: text}}}
