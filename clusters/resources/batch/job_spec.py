"""JobSpec validation, in Jobs and in the templates of CronJobs.

Models: kubernetes, pkg/apis/batch/validation (validateJobSpec, validatePodFailurePolicy, validateSuccessPolicy).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import pairwise

from clusters.machinery.field import (
    OMIT,
    ErrorList,
    Path,
    duplicate,
    go_quote,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from clusters.machinery.names import regex_error
from clusters.machinery.types import Obj
from clusters.resources.batch.indexes import count_indexes
from clusters.resources.common.checks import nonnegative, qualified, subdomain
from clusters.resources.pod_spec.internal import shown
from clusters.resources.pod_spec.template import template_errors

INDEXED, NON_INDEXED = "Indexed", "NonIndexed"
_MAX_INDEXED_PARALLELISM = 100_000
_MAX_FAILED_INDEXES = 100_000
_MANY_COMPLETIONS = 100_000
_MAX_WITH_MANY = 10_000
_MAX_RULES, _MAX_EXIT_CODES, _MAX_PATTERNS = 20, 255, 20
_MAX_INDEXES_TEXT = 64 * 1024
_MAX_MANAGED_BY = 63
_ACTIONS = frozenset({"Count", "FailIndex", "FailJob", "Ignore"})
_OPERATORS = frozenset({"In", "NotIn"})
_STATUSES = frozenset({"False", "True", "Unknown"})
_REPLACEMENT = frozenset({"Failed", "TerminatingOrFailed"})
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_http_path = re.compile(_HTTP_PATH).fullmatch
_SUCCESS_RULE = {"succeededIndexes": ("SucceededIndexes", None), "succeededCount": ("SucceededCount", None)}


def job_spec_errors(spec: Obj, path: Path) -> ErrorList:
    """All but the selector, which a CronJob's template must not have."""
    get = spec.get
    errors: ErrorList = []
    for name in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        errors += nonnegative(get(name), path.child(name))
    if get("maxFailedIndexes") is not None and get("backoffLimitPerIndex") is None:
        errors.append(required(path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"))
    if get("managedBy") is not None:
        errors += _managed_by_errors(spec["managedBy"], path.child("managedBy"))
    errors += _mode_errors(spec, path)
    if get("podFailurePolicy") is not None:
        errors += _failure_policy_errors(spec, path.child("podFailurePolicy", "rules"))
    if get("successPolicy") is not None:
        errors += _success_policy_errors(spec, path.child("successPolicy"))
    replacement = get("podReplacementPolicy")
    if replacement is not None:
        supported = frozenset({"Failed"}) if get("podFailurePolicy") is not None else _REPLACEMENT
        if replacement not in supported:
            errors.append(not_supported(path.child("podReplacementPolicy"), replacement, supported))
    errors += template_errors(get("template") or {}, path.child("template"))
    return errors + _restart_errors(spec, path.child("template", "spec", "restartPolicy"))


def _restart_errors(spec: Obj, path: Path) -> ErrorList:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy", "")
    if policy in ("", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _managed_by_errors(value: str, path: Path) -> ErrorList:
    host, slash, rest = value.partition("/")
    if not value:
        errors = [required(path)]
    elif not slash or not host or not rest:
        errors = [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    else:
        errors = subdomain(host, path)
        if not _is_http_path(rest):
            errors.append(invalid(path, rest, regex_error("Invalid path", _HTTP_PATH)))
    if len(value.encode()) > _MAX_MANAGED_BY:
        errors.append(too_long(path, _MAX_MANAGED_BY))
    return errors


def _mode_errors(spec: Obj, path: Path) -> ErrorList:
    mode = spec.get("completionMode")
    errors: ErrorList = []
    if mode is not None and mode not in (NON_INDEXED, INDEXED):
        errors.append(not_supported(path.child("completionMode"), mode, (NON_INDEXED, INDEXED)))
    if mode == INDEXED:
        errors += _indexed_errors(spec, path)
    if mode in (None, NON_INDEXED):
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                errors.append(invalid(path.child(name), spec[name], "requires indexed completion mode"))
    return errors


def _indexed_errors(spec: Obj, path: Path) -> ErrorList:
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    failed, at = spec.get("maxFailedIndexes"), path.child("maxFailedIndexes")
    errors: ErrorList = []
    if completions is None:
        errors.append(required(path.child("completions"), f"when completion mode is {INDEXED}"))
    if parallelism is not None and parallelism > _MAX_INDEXED_PARALLELISM:
        text = f"must be less than or equal to {_MAX_INDEXED_PARALLELISM} when completion mode is {INDEXED}"
        errors.append(invalid(path.child("parallelism"), parallelism, text))
    if completions is not None and failed is not None and failed > completions:
        errors.append(invalid(at, failed, "must be less than or equal to completions"))
    if failed is not None and failed > _MAX_FAILED_INDEXES:
        errors.append(invalid(at, failed, f"must be less than or equal to {_MAX_FAILED_INDEXES}"))
    if (completions or 0) > _MANY_COMPLETIONS and spec.get("backoffLimitPerIndex") is not None:
        text = (
            f"must be less than or equal to {_MAX_WITH_MANY} when completions are above {_MANY_COMPLETIONS} and used"
            " with backoff limit per index"
        )
        if failed is None:
            errors.append(required(at, f"must be specified when completions is above {_MANY_COMPLETIONS}"))
        if parallelism is not None and parallelism > _MAX_WITH_MANY:
            errors.append(invalid(path.child("parallelism"), parallelism, text))
        if failed is not None and failed > _MAX_WITH_MANY:
            errors.append(invalid(at, failed, text))
    return errors


def _listed(words: Iterable[str]) -> str:
    return "valid values: [" + " ".join(map(go_quote, sorted(words))) + "]"


def _failure_policy_errors(spec: Obj, path: Path) -> ErrorList:
    rules = spec["podFailurePolicy"].get("rules") or ()
    errors = [too_many(path, len(rules), _MAX_RULES)] if len(rules) > _MAX_RULES else []
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {c.get("name") for field in ("containers", "initContainers") for c in pod.get(field) or ()}
    for i, rule in enumerate(rules):
        errors += _rule_errors(rule, spec, path.index(i), names)
    return errors


def _rule_errors(rule: Obj, spec: Obj, path: Path, names: Collection[str | None]) -> ErrorList:
    errors: ErrorList = []
    action, at = rule.get("action", ""), path.child("action")
    if not action:
        errors.append(required(at, _listed(_ACTIONS)))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            errors.append(invalid(at, action, "requires the backoffLimitPerIndex to be set"))
    elif action not in _ACTIONS:
        errors.append(not_supported(at, action, _ACTIONS))
    codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        errors += _exit_code_errors(codes, path.child("onExitCodes"), names)
    if patterns:
        errors += _pattern_errors(patterns, path.child("onPodConditions"))
    if codes is not None and patterns:
        errors.append(invalid(path, OMIT, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not patterns:
        errors.append(invalid(path, OMIT, "specifying one of OnExitCodes and OnPodConditions is required"))
    return errors


def _pattern_errors(patterns: list[Obj], path: Path) -> ErrorList:
    errors = [too_many(path, len(patterns), _MAX_PATTERNS)] if len(patterns) > _MAX_PATTERNS else []
    for i, pattern in enumerate(patterns):
        status, at = pattern.get("status", ""), path.index(i).child("status")
        errors += qualified(pattern.get("type", ""), path.index(i).child("type"))
        if not status:
            errors.append(required(at, _listed(_STATUSES)))
        elif status not in _STATUSES:
            errors.append(not_supported(at, status, _STATUSES))
    return errors


def _exit_code_errors(codes: Obj, path: Path, names: Collection[str | None]) -> ErrorList:
    errors: ErrorList = []
    operator, at = codes.get("operator", ""), path.child("operator")
    if not operator:
        errors.append(required(at, _listed(_OPERATORS)))
    elif operator not in _OPERATORS:
        errors.append(not_supported(at, operator, _OPERATORS))
    name = codes.get("containerName")
    if name is not None and name not in names:
        text = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(path.child("containerName"), name, text))
    values, at = codes.get("values") or [], path.child("values")
    if not values:
        errors.append(invalid(at, codes.get("values"), "at least one value is required"))
    elif len(values) > _MAX_EXIT_CODES:
        errors.append(too_many(at, len(values), _MAX_EXIT_CODES))
    seen: set[int] = set()
    for i, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(invalid(at.index(i), value, "must not be 0 for the In operator"))
        if value in seen:
            errors.append(duplicate(at.index(i), value))
        seen.add(value)
    if any(a > b for a, b in pairwise(values)):
        errors.append(invalid(at, values, "must be ordered"))
    return errors


def _success_policy_errors(spec: Obj, path: Path) -> ErrorList:
    rules = spec["successPolicy"].get("rules") or []
    if spec.get("completionMode") != INDEXED:
        value = {"Rules": [shown(rule, _SUCCESS_RULE) for rule in rules] or None}
        return [invalid(path, value, "requires indexed completion mode")]
    at = path.child("rules")
    errors: ErrorList = []
    if not rules:
        errors.append(required(at, "at least one rules must be specified when the successPolicy is specified"))
    if len(rules) > _MAX_RULES:
        errors.append(too_many(at, len(rules), _MAX_RULES))
    for i, rule in enumerate(rules):
        errors += _success_rule_errors(rule, spec.get("completions") or 0, at.index(i))
    return errors


def _success_rule_errors(rule: Obj, completions: int, path: Path) -> ErrorList:
    errors: ErrorList = []
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        text = "at least one of succeededCount or succeededIndexes must be specified"
        errors.append(required(path, text))
    total = 0
    if indexes is not None:
        at = path.child("succeededIndexes")
        if len(indexes) > _MAX_INDEXES_TEXT:
            errors.append(too_long(at, _MAX_INDEXES_TEXT))
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            errors.append(invalid(at, indexes, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        at = path.child("succeededCount")
        errors += nonnegative(count, at)
        if count > completions:
            what = "the number of specified completions"
            errors.append(invalid(at, count, f"must be less than or equal to {completions} ({what})"))
        if indexes is not None and count > total:
            what = "the number of indexes in the specified succeededIndexes field"
            errors.append(invalid(at, count, f"must be less than or equal to {total} ({what})"))
    return errors
