"""Kubernetes' named formats. Models: apiserver, pkg/cel/library/format.go."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from clusters.machinery import names
from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.library import urls
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import STRING, Type, list_of, optional_of
from clusters.machinery.cel.values import NONE, Opaque, Optional, parse_date, parse_timestamp

LIBRARY = Library()
_FORMAT = Type("kubernetes.NamedFormat")
Rule = Callable[[str], list[str]]
_uuid = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}").fullmatch


@dataclass(frozen=True, slots=True)
class NamedFormat(Opaque):
    name: str
    rule: Rule

    type = _FORMAT

    def __str__(self) -> str:
        return self.name


def _parsed(parse: Callable[[str], object], problem: str) -> Rule:
    def rule(text: str) -> list[str]:
        try:
            parse(text)
        except (CelError, ValueError, binascii.Error):
            return [problem]
        return []

    return rule


def _byte(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _check_uuid(text: str) -> None:
    if _uuid(text) is None:
        raise ValueError(text)


_FORMATS: dict[str, Rule] = {
    "dns1123Label": names.dns1123_label,
    "dns1123Subdomain": names.dns1123_subdomain,
    "dns1035Label": names.dns1035_label,
    "qualifiedName": names.qualified_name,
    "labelValue": names.label_value,
    "dns1123LabelPrefix": lambda text: names.dns1123_label(text, prefix=True),
    "dns1123SubdomainPrefix": lambda text: names.dns1123_subdomain(text, prefix=True),
    "dns1035LabelPrefix": lambda text: names.dns1035_label(text, prefix=True),
    "uri": lambda text: list(filter(None, [urls.problem(text)])),
    "uuid": _parsed(_check_uuid, "does not match the UUID format"),
    "byte": _parsed(_byte, "invalid base64"),
    "date": _parsed(parse_date, "invalid date"),
    "datetime": _parsed(parse_timestamp, "invalid datetime"),
}
for _name, _rule in _FORMATS.items():
    LIBRARY.function(f"format.{_name}", [], _FORMAT)(lambda name=_name, rule=_rule: NamedFormat(name, rule))


@LIBRARY.function("format.named", [STRING], optional_of(_FORMAT))
def _named(name: str) -> Optional:
    rule = _FORMATS.get(name)
    return Optional(NamedFormat(name, rule)) if rule is not None else NONE


@LIBRARY.method("validate", [_FORMAT, STRING], optional_of(list_of(STRING)))
def _validate(named: NamedFormat, text: str) -> Optional:
    wrong = named.rule(text)
    return Optional(wrong) if wrong else NONE
