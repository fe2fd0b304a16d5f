"""Logs as a function of pod and time."""

from clusters.components.kubelet.logs import container_logs, log_lines, next_line_at
from clusters.kernel.clock import SECOND, parse_rfc3339

BEGAN = parse_rfc3339("2026-01-01T00:00:00Z")


def pod(command, *, state=None, last=None, image="busybox"):
    status = {
        "name": "c",
        "state": state or {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        "lastState": last or {},
    }
    return {
        "metadata": {"name": "p", "namespace": "default", "uid": "u"},
        "spec": {"containers": [{"name": "c", "image": image, **({"command": command} if command else {})}]},
        "status": {"containerStatuses": [status]},
    }


LOOP = ["sh", "-c", "while true; do echo tick $(date); sleep 10; done"]


def test_lines_appear_as_time_goes_on():
    assert container_logs(pod(LOOP), "c", BEGAN) == ["tick Thu Jan  1 00:00:00 UTC 2026"]
    assert len(container_logs(pod(LOOP), "c", BEGAN + 35 * SECOND)) == 4


def test_tail_since_limit_and_timestamps():
    now = BEGAN + 35 * SECOND
    assert len(container_logs(pod(LOOP), "c", now, tail_lines=2)) == 2
    assert container_logs(pod(LOOP), "c", now, tail_lines=0) == []
    assert len(container_logs(pod(LOOP), "c", now, since=BEGAN + 15 * SECOND)) == 2
    assert container_logs(pod(LOOP), "c", now, limit_bytes=4) == ["tick"]
    first = container_logs(pod(LOOP), "c", now, timestamps=True)[0]
    assert first.startswith("2026-01-01T00:00:00.000000000Z tick")


def test_previous_run_has_its_own_lines():
    ended = {"terminated": {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z", "exitCode": 1}}
    crashed = pod(["sh", "-c", "echo boom; exit 1"], state={"waiting": {"reason": "CrashLoopBackOff"}}, last=ended)
    assert container_logs(crashed, "c", BEGAN + 60 * SECOND, previous=True) == ["boom"]
    assert container_logs(crashed, "c", BEGAN + 60 * SECOND) == ["boom"]


def test_container_that_never_started_has_no_lines():
    assert container_logs(pod(LOOP, state={"waiting": {"reason": "ContainerCreating"}}), "c", BEGAN) == []
    assert container_logs(pod(LOOP), "other", BEGAN) == []


def test_log_of_a_long_run_is_cut_at_its_beginning():
    lines = log_lines(pod(LOOP), "c", BEGAN + 30 * 86400 * SECOND)
    assert 10_000 <= len(lines) <= 10_002


def test_next_line_is_known_ahead():
    assert next_line_at(pod(LOOP), "c", BEGAN + 12 * SECOND) == BEGAN + 20 * SECOND
    assert next_line_at(pod(["sleep", "5"]), "c", BEGAN) is None


def test_well_known_image_prints_what_people_expect():
    lines = container_logs(pod(None, image="nginx:1.27"), "c", BEGAN + SECOND)
    assert "ready for start up" in "\n".join(lines)
    assert lines[-1].startswith("2026/01/01 00:00:00 [notice]")


def test_what_a_short_run_was_answered_follows_from_how_it_ended():
    def lines(code):
        times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}
        return container_logs(
            pod(["nslookup", "db"], state={"terminated": {"exitCode": code, **times}}), "c", BEGAN * 2
        )

    assert any("NXDOMAIN" in line for line in lines(1))
    assert not any("NXDOMAIN" in line for line in lines(0))
