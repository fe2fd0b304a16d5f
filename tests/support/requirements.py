"""What some tests need of the machine, where it is looked for, and how to get it."""

from __future__ import annotations

import glob
import os
import shutil
from dataclasses import dataclass


def find(*candidates: str) -> str | None:
    """The first program that exists: names are looked for on PATH, patterns with a slash as files."""
    for candidate in candidates:
        if "/" in candidate:
            hits = sorted(glob.glob(candidate))
            if hits:
                return hits[-1]
        elif (path := shutil.which(candidate)) is not None:
            return path
    return None


@dataclass(frozen=True)
class Need:
    marker: str
    programs: tuple[str, ...]
    package: str

    def path(self) -> str | None:
        return find(*self.programs)

    def found(self) -> bool:
        return self.path() is not None

    def missing(self) -> str:
        return f"{self.programs[0].rsplit('/', 1)[-1]} is not here (get it with: apt-get install {self.package})"


CHROMIUM = Need("browser", ("chromium", "chromium-browser", "google-chrome"), "chromium")
KUBECTL = Need("kubectl", ("kubectl",), "kubernetes-client")
POSTGRES = Need("postgres", ("/usr/lib/postgresql/*/bin/postgres", "/usr/local/pgsql/bin/postgres"), "postgresql")
REDIS = Need("redis", ("redis-server", "valkey-server"), "redis-server")
NEEDS = (CHROMIUM, KUBECTL, POSTGRES, REDIS)


def required() -> bool:
    return os.environ.get("REQUIRE_ALL") == "1"
