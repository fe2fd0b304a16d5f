"""The shape of the tree: what may lie where, how long a file may be, what may not stand in it."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.stack import ROOT

ALLOWED = {
    "manage.py", "pyproject.toml", "playground", "clusters", "frontend", "docker", "tests",
    "README.md", "Makefile", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE",
}  # fmt: skip
LIMIT = 600
REASON = re.compile(r"more than 600 lines because", re.IGNORECASE)


def tracked() -> list[str]:
    try:
        out = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [name for name in out.splitlines() if (ROOT / name).is_file()]


def test_top_level_holds_what_the_layout_names_and_nothing_else() -> None:
    top = {name.split("/", 1)[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED


def test_source_files_past_600_lines_say_why() -> None:
    long = []
    for name in tracked():
        if name.endswith((".py", ".ts", ".tsx", ".mjs", ".css", ".html")):
            text = (ROOT / name).read_text()
            if text.count("\n") > LIMIT and not REASON.search(text):
                long.append(f"{name}: {text.count(chr(10))}")
    assert long == []


def test_lock_files_name_no_download_host() -> None:
    for name in ("docker/requirements.lock", "docker/requirements-dev.lock", "frontend/package-lock.json"):
        text = (ROOT / name).read_text()
        hosts = set(re.findall(r'"resolved": *"https?://([^/"]+)', text)) | set(
            re.findall(r"^(?!\s*#).*?https?://([^/\s]+)", text if name.endswith(".lock") else "", re.MULTILINE)
        )
        assert hosts == set(), name


def test_every_module_of_ours_says_why_it_exists() -> None:
    silent = []
    for name in tracked():
        if not name.endswith(".py") or not name.startswith(("clusters/", "playground/")) or "/migrations/" in name:
            continue
        text = (ROOT / name).read_text().lstrip()
        if text and not text.startswith(('"""', "#!", 'r"""')):
            silent.append(name)
    assert silent == []
