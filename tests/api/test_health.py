"""The health endpoints, and what is counted of them."""

from __future__ import annotations

import pytest

from tests.support.apiclient import Api


def text(api: Api, path: str, **query: str) -> tuple[int, list[str]]:
    answer = api.raw("GET", path, **query)
    return answer.status, answer.body.decode().splitlines()


@pytest.fixture
def broken(api: Api) -> Api:
    api.server.cluster.checks["etcd"] = lambda: "no disk"
    return api


def test_a_failed_check_fails_its_endpoint_and_is_told_in_any_case(broken: Api) -> None:
    status, lines = text(broken, "/livez")
    assert (status, lines[0], lines[-1]) == (500, "[+]ping ok", "livez check failed")
    assert "[-]etcd failed: reason withheld" in lines
    assert text(broken, "/livez/etcd") == (500, ["internal server error: no disk"])


def test_checks_are_excluded_one_by_one(broken: Api) -> None:
    assert text(broken, "/livez", exclude="etcd") == (200, ["ok"])
    status, lines = text(broken, "/livez", exclude="etcd,ping")
    assert (status, lines[-2]) == (
        500,
        'warn: some health checks cannot be excluded: no matches for "etcd,ping"',
    )


def test_what_checks_found_is_counted(broken: Api) -> None:
    assert text(broken, "/metrics/slis") == (200, [])
    text(broken, "/livez/ping")
    for _ in range(2):
        text(broken, "/livez", exclude="log")
    lines = text(broken, "/metrics/slis")[1]
    assert 'kubernetes_healthcheck{name="ping",type="livez"} 1' in lines
    assert 'kubernetes_healthcheck{name="etcd",type="livez"} 0' in lines
    assert 'kubernetes_healthchecks_total{name="etcd",status="error",type="livez"} 2' in lines
    assert 'kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 2' in lines
    assert not any('name="log"' in line for line in lines)
