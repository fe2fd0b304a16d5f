"""YAML as the API server reads it: turned into JSON values by Kubernetes' rules, within limits.

The rules are those of go-yaml 2 and sigs.k8s.io/yaml: YAML 1.1 booleans (`yes`, `on`, `y`), octal and hexadecimal
integers, `1e3` a number, times plain strings, keys that are numbers or booleans turned into strings. Aliases
are allowed, but not to expand without bound.

Models: sigs.k8s.io/yaml, sigs.k8s.io/yaml/goyaml.v2.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import yaml

from clusters.machinery.gojson import MAX_DEPTH, GoJsonError

_Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml: slower, same result

_MAX_EXPANDED = 1_000_000
_ALIAS_FLOOR = 10_000
_ALIAS_RATIO = 10

_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_INF = {".inf": 1, ".Inf": 1, ".INF": 1, "+.inf": 1, "+.Inf": 1, "+.INF": 1, "-.inf": -1, "-.Inf": -1, "-.INF": -1}
_NAN = frozenset([".nan", ".NaN", ".NAN"])
_INT = re.compile(r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))").fullmatch
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?").fullmatch

_TAG = "tag:yaml.org,2002:"
_PLAIN = "?"
_COLLECTIONS = {yaml.MappingNode: _TAG + "map", yaml.SequenceNode: _TAG + "seq"}


class _Loader(_Base):  # type: ignore[misc, valid-type]
    """Composes nodes; plain scalars without a tag are left for `_resolve`."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TAG + "str"
        return _COLLECTIONS[kind]


def parse_yaml(data: bytes) -> Any:
    """The first document's value; of duplicate keys the last counts. Raises GoJsonError with Go's text."""
    return _Builder(data).build(_compose(data))


def parse_yaml_strict(data: bytes) -> tuple[Any, list[str]]:
    """As `parse_yaml`, and what is wrong with duplicate keys, a line each: `line 8: key "k" already set in map`."""
    builder = _Builder(data)
    value = builder.build(_compose(data))
    return value, builder.duplicates


def _compose(data: bytes) -> yaml.Node | None:
    """The node graph of the first document."""
    loader = None
    try:
        loader = _Loader(data)
        if not loader.check_node():
            return None
        node: yaml.Node | None = loader.get_node()
        return node
    except yaml.MarkedYAMLError as error:
        raise GoJsonError(_words(data, error)) from None
    except yaml.YAMLError as error:  # characters that YAML does not allow
        reason = getattr(error, "reason", "control characters are not allowed")
        raise GoJsonError(f"yaml: {reason}") from None
    except RecursionError:
        raise GoJsonError("yaml: exceeded max depth") from None
    finally:
        if loader is not None:
            loader.dispose()


def _words(data: bytes, error: yaml.MarkedYAMLError) -> str:
    mark, line = error.problem_mark, 0
    if isinstance(error, yaml.composer.ComposerError) and mark is not None:
        return f"yaml: unknown anchor '{_name_at(data, mark, 0)}' referenced"
    if mark is not None and mark.line:
        line = mark.line + (1 if isinstance(error, yaml.scanner.ScannerError) else 0)
    elif error.context_mark is not None:
        line = error.context_mark.line
    where = f"line {line}: " if line else ""
    return f"yaml: {where}{error.problem or 'unknown problem parsing YAML content'}"


_ALIAS = re.compile(r"[*&]([^\s\[\]{},]+)")


def _name_at(data: bytes, mark: Any, back: int) -> str:
    """The anchor or alias at a mark, or the one before it."""
    lines = data.decode("utf-8", errors="replace").split("\n")
    if mark is None or mark.line >= len(lines):
        return ""
    line = lines[mark.line]
    found = _ALIAS.findall(line[: mark.column]) if back else _ALIAS.findall(line[mark.column :])
    if not found and back and mark.line:
        found = _ALIAS.findall(lines[mark.line - 1])
    return (found[-1] if back else found[0]) if found else ""


class _Builder:
    """Nodes to values."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.duplicates: list[str] = []
        self.count = 0
        self.aliased = 0
        self.done: set[int] = set()
        self.open: set[int] = set()

    def build(self, node: yaml.Node | None) -> Any:
        if node is None:
            return None
        return self.value(node, 0)

    def value(self, node: yaml.Node, depth: int) -> Any:
        self.count += 1
        again = id(node) in self.done
        if again:
            self.aliased += 1
        if self.count > _MAX_EXPANDED or (self.aliased > _ALIAS_FLOOR and self.count > _ALIAS_RATIO * len(self.done)):
            raise GoJsonError("yaml: document contains excessive aliasing")
        if isinstance(node, yaml.ScalarNode):
            self.done.add(id(node))
            return _scalar(node)
        if id(node) in self.open:
            raise GoJsonError(f"yaml: anchor '{_name_at(self.data, node.start_mark, -1)}' value contains itself")
        if depth > MAX_DEPTH:
            raise GoJsonError("yaml: exceeded max depth")
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(child, depth + 1) for child in node.value]
            assert isinstance(node, yaml.MappingNode)
            return self.mapping(node, depth, again=again)
        finally:
            self.open.discard(id(node))
            self.done.add(id(node))

    def mapping(self, node: yaml.MappingNode, depth: int, *, again: bool) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    part = self.value(source, depth + 1)
                    if not isinstance(part, dict):
                        raise GoJsonError("yaml: map merge requires map or sequence of maps as the value")
                    for k, v in part.items():
                        merged.setdefault(k, v)
                continue
            key = _key(key_node)
            if key in out and not again:
                line = key_node.start_mark.line + 1
                self.duplicates.append(f'line {line}: key "{key}" already set in map')
            out[key] = self.value(value_node, depth + 1)
        for k, v in merged.items():
            out.setdefault(k, v)
        return out


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        shown = "map" if isinstance(node, yaml.MappingNode) else "slice"
        raise GoJsonError(f"yaml: invalid map key: {shown}")
    value = _scalar(node)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return value if isinstance(value, str) else str(value)


def _scalar(node: yaml.ScalarNode) -> Any:
    tag: str = node.tag
    if tag == _PLAIN:
        return _resolve(node.value)
    if tag.startswith(_TAG):
        return _tagged(tag.removeprefix(_TAG), node.value)
    return node.value


def _tagged(tag: str, text: str) -> Any:
    if tag == "binary":
        try:
            return base64.b64decode(text, validate=False).decode("utf-8", errors="replace")
        except ValueError:
            raise GoJsonError("yaml: !!binary value contains invalid base64 data") from None
    if tag == "str":
        return text
    value = _resolve(text)
    fits = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}.get(tag)
    if fits is not None and not isinstance(value, fits):  # type: ignore[arg-type]
        raise GoJsonError(f"yaml: cannot decode !!str `{text[:10]}` as a !!{tag}")
    return value if fits is not None else text


def _resolve(text: str) -> Any:
    """A plain scalar by YAML 1.1, as go-yaml 2 reads it."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    first = text[0]
    if first not in "+-.0123456789":
        return text
    if text in _INF or text in _NAN:
        shown = "NaN" if text in _NAN else "+Inf" if _INF[text] > 0 else "-Inf"
        raise GoJsonError(f"json: unsupported value: {shown}")
    plain = text.replace("_", "")
    found = _INT(plain)
    if found is not None:
        sign, binary, hexa, octal, decimal = found.groups()
        digits, base = next((d, b) for d, b in ((binary, 2), (hexa, 16), (octal, 8), (decimal, 10)) if d)
        number = int(digits, base) * (-1 if sign == "-" else 1)
        if -(1 << 63) <= number < 1 << 64:
            return number
        return float(number)
    if _FLOAT(plain):
        value = float(plain)
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    return text
