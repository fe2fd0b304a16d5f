"""One running playground for all end-to-end tests that do not stop it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("playground")) as started:
        yield started
