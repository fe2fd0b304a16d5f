"""A server over a store in memory, and someone who speaks to it."""

from __future__ import annotations

import pytest

from clusters.apiserver.server import ApiServer
from tests.support.apiclient import Api
from tests.support.apiserver import new_server


@pytest.fixture
def server() -> ApiServer:
    return new_server()


@pytest.fixture
def api(server: ApiServer) -> Api:
    return Api(server)
