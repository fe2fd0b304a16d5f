"""What `/version` says."""

from __future__ import annotations

from typing import Any

MAJOR, MINOR, PATCH = "1", "36", "2"

VERSION: dict[str, Any] = {
    "major": MAJOR,
    "minor": MINOR,
    "emulationMajor": MAJOR,
    "emulationMinor": MINOR,
    "minCompatibilityMajor": MAJOR,
    "minCompatibilityMinor": "35",
    "gitVersion": f"v{MAJOR}.{MINOR}.{PATCH}",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.26.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}
