"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import requirements

# Django's async guard would refuse the ORM inside pytest-asyncio's loop thread even where a test is sync.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run; under REQUIRE_ALL it fails instead."""
    for item in items:
        for need in requirements.NEEDS:
            if item.get_closest_marker(need.marker) and not need.found():
                if requirements.required():
                    pytest.exit(f"REQUIRE_ALL is set, but {need.missing()}", returncode=3)
                item.add_marker(pytest.mark.skip(reason=need.missing()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last line says what was left out, and how to get it."""
    missing = [need.missing() for need in requirements.NEEDS if not need.found()]
    terminalreporter.ensure_newline()
    if missing:
        terminalreporter.write_line("left out: " + "; ".join(missing))


@pytest.fixture
def data_dir() -> Path:
    """Recorded data beside the tests."""
    return Path(__file__).parent / "data"
