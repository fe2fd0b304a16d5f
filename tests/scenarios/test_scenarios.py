"""Every text file in `cases/` is one test: see `scenario`. REWRITE_SCENARIOS=1 writes what is seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.scenario import Scenario, load, render

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_scenario_shows_what_its_file_says(path: Path) -> None:
    blocks = load(path)
    scenario = Scenario()
    expected = render(blocks)
    for block in blocks:
        if block.command:
            block.output = scenario.play(block)
    seen = render(blocks)
    if os.environ.get("REWRITE_SCENARIOS"):
        path.write_text(seen)
        return
    assert seen == expected


def test_there_are_scenarios() -> None:
    assert len(CASES) >= 10
