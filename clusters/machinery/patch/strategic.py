"""Strategic merge patches: lists of objects merge by key, and directives say what a merge cannot.

| directive | where | means |
| --- | --- | --- |
| `$patch: replace` | object, list element | what stands beside it replaces everything |
| `$patch: delete` | object, list element | the object, or the element with this key, goes |
| `$retainKeys` | object | members that it does not name go |
| `$setElementOrder/LIST` | beside a list | the order of the list afterwards |
| `$deleteFromPrimitiveList/LIST` | beside a list of scalars | these values go |

Order of merged lists: the patch's (or the directive's) own, with elements that only the server has where they
were among them.

Models: apimachinery, pkg/util/strategicpatch; the texts of pkg/util/mergepatch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.machinery import gojson
from clusters.machinery.errors import ApiError, BadRequest
from clusters.machinery.gofmt import show
from clusters.machinery.gojson import GoJsonError
from clusters.machinery.scalars import shape
from clusters.machinery.schema import Field, ListType, MapType, ObjectType, Type

PATCH, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE_FROM = "$setElementOrder", "$deleteFromPrimitiveList"

Map = dict[str, Any]


def parse(body: bytes) -> Map:
    """The patch in a request body. Raises BadRequest."""
    try:
        patch = gojson.parse_json(body)
    except GoJsonError as error:
        raise BadRequest(str(error)) from None
    if patch is None:
        return {}
    if not isinstance(patch, dict):
        what = f"json: cannot unmarshal {shape(patch)} into Go value of type map[string]interface {{}}"
        raise BadRequest(what)
    return patch


def strategic_merge_patch(doc: Map, patch: Map, type_: ObjectType) -> Map:
    """The merged document; neither argument is changed, untouched parts of `doc` are shared.
    Raises BadRequest or another ApiError with the server's text."""
    return _merge_map(doc, patch, type_)


class _Unprocessable(ApiError):
    code, reason = 422, "Invalid"

    def __init__(self) -> None:
        super().__init__("the server rejected our request due to an error in our request", details={})


def _internal(text: str) -> ApiError:
    """An error that the server has no status for."""
    return ApiError(text, code=500, reason="")


def _no_merge_key(item: Any, key: str) -> ApiError:
    return _internal(f"map: {show(item)} does not contain declared merge key: {key}")


def _merge_map(original: Map | None, patch: Map, type_: Type | None) -> Map:
    if PATCH in patch:
        return _directive(patch)
    out = dict(original or {})
    patch = dict(patch)
    _retain(out, patch)
    _ordered_lists(out, patch, type_)
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            _delete_from(out, _directive_key(key, DELETE_FROM), value, type_)
            continue
        if value is None:
            out.pop(key, None)
            continue
        current = out.get(key)
        field, node = _lookup(type_, key)
        replaces = field is not None and "replace" in field.strategies
        if isinstance(current, dict) and isinstance(value, dict):
            out[key] = _clean(value) if replaces else _merge_map(current, value, node)
        elif isinstance(current, list) and isinstance(value, list):
            out[key] = _merge_field(current, value, field, node)
        else:
            out[key] = _clean(value)
    return out


def _directive(patch: Map) -> Map:
    directive = patch[PATCH]
    if directive == "replace":
        return {k: _clean(v) for k, v in patch.items() if k != PATCH and v is not None}
    if directive == "delete":
        return {}
    raise _internal(f"unknown patch type: {show(directive)} in map: {show(patch)}")


def _lookup(type_: Type | None, key: str) -> tuple[Field | None, Type | None]:
    """The field and type of a member."""
    if isinstance(type_, ObjectType):
        field = type_.field(key)
        return field, field.type if field is not None else None
    if isinstance(type_, MapType):
        return None, type_.values
    return None, None


def _clean(value: Any) -> Any:
    """A patch's value that nothing was merged with: without nulls and directives."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if v is not None and not _is_directive(k)}
    if isinstance(value, list):
        return [_clean(v) for v in value if not (isinstance(v, dict) and PATCH in v)]
    return value


def _is_directive(key: str) -> bool:
    return key in (PATCH, RETAIN) or key.startswith((ORDER + "/", DELETE_FROM + "/"))


def _directive_key(key: str, prefix: str) -> str:
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        what = "primitive list" if prefix == DELETE_FROM else "setElementOrder list"
        raise BadRequest(f"invalid patch format of {what}")
    return name


def _retain(out: Map, patch: Map) -> None:
    if RETAIN not in patch:
        return
    keep = patch.pop(RETAIN)
    if not isinstance(keep, list):
        raise BadRequest("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((ORDER, DELETE_FROM)) and key not in keep:
            raise BadRequest("invalid patch format of retainKeys")
    for key in [k for k in out if k not in keep]:
        del out[key]


def _delete_from(out: Map, key: str, values: Any, type_: Type | None) -> None:
    current = out.get(key)
    if not isinstance(current, list) or not isinstance(values, list):
        return
    field, _ = _lookup(type_, key)
    if field is not None and "merge" in field.strategies:
        out[key] = [v for v in current if v not in values]
    else:
        out[key] = values


# -- lists --------------------------------------------------------------------------------------------------


def _merge_field(current: list[Any], patch: list[Any], field: Field | None, node: Type | None) -> list[Any]:
    if field is None or "merge" not in field.strategies:
        return [_clean(v) for v in patch]
    items = node.items if isinstance(node, ListType) else None
    return _merge_list(current, patch, field.merge_key, items)


def _merge_list(original: list[Any], patch: list[Any], key: str, items: Type | None) -> list[Any]:
    if not original and not patch:
        return original
    if not _are_maps(original, patch):
        merged = list(dict.fromkeys([*original, *patch]))
        return _interleave(merged, patch, original, "")
    if not key:
        raise _internal("cannot merge lists without merge key for type struct")
    original, patch = _special_elements(original, patch, key)
    merged = _merge_elements(original, patch, key, items)
    return _interleave(merged, patch, original, key)


def _are_maps(*lists: list[Any]) -> bool:
    """Whether the elements are objects. Raises for lists of lists and mixed ones."""
    shapes = {shape(v) for items in lists for v in items}
    if "array" in shapes:
        raise _Unprocessable
    if len(shapes) > 1:
        raise _internal(f"list element types are not identical: {show(list(lists))}")
    return shapes == {"object"}


def _special_elements(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Apply elements with `$patch`; what is left of both lists."""
    rest: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(PATCH)
        if PATCH not in item:
            rest.append(item)
        elif directive == "delete":
            if key not in item:
                raise _no_merge_key(item, key)
            original = [o for o in original if o.get(key) != item[key]]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _internal("merging lists cannot yet be specified in the patch")
        else:
            raise _internal(f"unknown patch type: {show(directive)} in map: {show(item)}")
    if replace:
        return [_clean(v) for v in rest], []
    return original, rest


def _merge_elements(original: list[Any], patch: list[Any], key: str, items: Type | None) -> list[Any]:
    out = list(original)
    for item in patch:
        if key not in item:
            raise _no_merge_key(item, key)
        at = next((i for i, o in enumerate(out) if key in o and o[key] == item[key]), None)
        if at is None:
            out.append(_clean(item))
        else:
            out[at] = _merge_map(out[at], item, items)
    return out


def _ordered_lists(out: Map, patch: Map, type_: Type | None) -> None:
    """Merge the lists that have a `$setElementOrder`, and take them out of the patch."""
    for directive in [k for k in patch if k.startswith(ORDER)]:
        order = patch.pop(directive)
        key = _directive_key(directive, ORDER)
        if not isinstance(order, list):
            raise _internal(f"expected a []interface {{}}, but received a {_go_type(order)}")
        field, node = _lookup(type_, key)
        merge_key = field.merge_key if field is not None else ""
        current, sent = out.get(key), patch.get(key)
        for value in (current, sent):
            if value is not None and not isinstance(value, list):
                raise _internal(f"expected a []interface {{}}, but received a {_go_type(value)}")
        if current is None and sent is None:
            continue
        _check_order(sent or [], order, merge_key)
        if sent is None:
            merged = current
        elif current is None:
            merged = [_clean(v) for v in sent if not (isinstance(v, dict) and PATCH in v)]
        else:
            merged = _merge_field(current, sent, field, node)
        patch.pop(key, None)
        out[key] = _interleave(merged or [], order, current or [], merge_key)


def _check_order(sent: list[Any], order: list[Any], key: str) -> None:
    """The patch's elements must be among the order's, in its order."""
    if not sent or not order:
        return
    rest = [v for v in sent if not (isinstance(v, dict) and PATCH in v)]
    at = 0
    for wanted in order:
        if at < len(rest) and _same(rest[at], wanted, key):
            at += 1
    if at < len(rest):
        raise _internal(f"The order in patch list:\n{show(sent)}\n doesn't match {ORDER} list:\n{show(order)}\n")


def _same(left: Any, right: Any, key: str) -> bool:
    if not key:
        return bool(left == right)
    for item in (left, right):
        if not isinstance(item, dict):
            raise _internal(f"expected a map[string]interface {{}}, but received a {_go_type(item)}")
        if key not in item:
            raise _no_merge_key(item, key)
    return bool(left[key] == right[key])


def _go_type(value: Any) -> str:
    if value is None:
        return "%!s(<nil>)"
    names = {"bool": "bool", "object": "map[string]interface {}", "array": "[]interface {}", "string": "string"}
    return names.get(shape(value), "float64" if isinstance(value, float) else "int64")


def _interleave(merged: list[Any], order: list[Any], server: list[Any], key: str) -> list[Any]:
    """`merged` with the elements named by `order` in that order, and the others where they were among them."""
    wanted, live = _positions(order, key), _positions(server, key)
    named: list[tuple[Any, Any]] = []
    others: list[tuple[Any, Any]] = []
    for item in merged:
        mark = _mark(item, key)
        (named if mark in wanted else others).append((mark, item))
    named.sort(key=lambda pair: wanted[pair[0]])
    others.sort(key=lambda pair: live.get(pair[0], len(live)))
    out: list[Any] = []
    i = j = 0
    while i < len(others) or j < len(named):
        if i < len(others) and (
            j >= len(named) or (others[i][0] in live and named[j][0] in live and live[others[i][0]] < live[named[j][0]])
        ):
            out.append(others[i][1])
            i += 1
        else:
            out.append(named[j][1])
            j += 1
    return out


def _mark(item: Any, key: str) -> Any:
    """What an element is known by."""
    if key:
        if not isinstance(item, dict) or key not in item:
            raise _no_merge_key(item, key)
        item = item[key]
    return show(item) if isinstance(item, dict | list) else item


def _positions(items: Sequence[Any], key: str) -> dict[Any, int]:
    out: dict[Any, int] = {}
    for i, item in enumerate(items):
        out.setdefault(_mark(item, key), i)
    return out
