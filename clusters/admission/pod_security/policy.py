"""Which standard holds in a Namespace, and what a Pod violates of it.

Models: pod-security-admission, api/helpers.go and policy/registry.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from clusters.admission.pod_security.checks import BASELINE, CHECKS, RESTRICTED, Finder, Violation
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj

PRIVILEGED = "privileged"
LEVELS = (PRIVILEGED, BASELINE, RESTRICTED)
LATEST = "latest"
LATEST_MINOR = 36

PREFIX = "pod-security.kubernetes.io/"
ENFORCE, AUDIT, WARN = "enforce", "audit", "warn"
_BAD_LEVEL = "must be one of privileged, baseline, restricted"
_BAD_VERSION = 'must be "latest" or "v1.x"'


class LevelVersion(NamedTuple):
    level: str = PRIVILEGED
    version: str = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"


class Policy(NamedTuple):
    enforce: LevelVersion = LevelVersion()
    audit: LevelVersion = LevelVersion()
    warn: LevelVersion = LevelVersion()


NOTHING = Policy()


def _is_version(text: str) -> bool:
    if text == LATEST:
        return True
    minor = text.removeprefix("v1.")
    return minor != text and minor.isascii() and minor.isdigit() and (minor == "0" or minor[0] != "0")


def policy_of(labels: Mapping[str, str] | None) -> tuple[Policy, ErrorList]:
    """The policy that labels ask for. What cannot be read is `restricted` where it is enforced, and nothing where
    it only warns."""
    if not labels or not any(key.startswith(PREFIX) for key in labels):
        return NOTHING, []
    errors: ErrorList = []
    found: dict[str, LevelVersion] = {}
    path = Path("metadata").child("labels")
    for mode in (ENFORCE, AUDIT, WARN):
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version", LATEST)
        if level is not None and level not in LEVELS:
            errors.append(invalid(path.key(PREFIX + mode), level, _BAD_LEVEL))
            level = RESTRICTED if mode == ENFORCE else PRIVILEGED
        if not _is_version(version):
            errors.append(invalid(path.key(f"{PREFIX}{mode}-version"), version, _BAD_VERSION))
            version = LATEST
        found[mode] = LevelVersion(level or PRIVILEGED, version)
    if labels.get(PREFIX + ENFORCE) in LEVELS and PREFIX + WARN not in labels:
        # Who enforces wants to be warned by Deployments whose Pods will be refused.
        found[WARN] = found[ENFORCE]
    return Policy(found[ENFORCE], found[AUDIT], found[WARN]), errors


def stricter(one: str, other: str) -> bool:
    return LEVELS.index(one) > LEVELS.index(other)


@lru_cache(maxsize=256)
def _finders(level: str, minor: int) -> tuple[Finder, ...]:
    if level == PRIVILEGED:
        return ()
    overridden = {
        name
        for check in CHECKS
        if level == RESTRICTED and check.level == RESTRICTED and check.at(minor) is not None
        for name in check.overrides
    }
    wanted = (BASELINE,) if level == BASELINE else (BASELINE, RESTRICTED)
    chosen = (c.at(minor) for c in CHECKS if c.level in wanted and c.id not in overridden)
    return tuple(finder for finder in chosen if finder is not None)


def _minor(version: str) -> int:
    return LATEST_MINOR if version == LATEST else min(int(version[3:]), LATEST_MINOR)


def violations(policy: LevelVersion, meta: Obj, spec: Obj) -> list[Violation]:
    found = (find(meta, spec) for find in _finders(policy.level, _minor(policy.version)))
    return [violation for violation in found if violation is not None]


def details(found: list[Violation]) -> str:
    """`reason (detail), reason (detail)`."""
    return ", ".join(f"{v.reason} ({v.detail})" if v.detail else v.reason for v in found)


def reasons(found: list[Violation]) -> str:
    return ", ".join(v.reason for v in found)
