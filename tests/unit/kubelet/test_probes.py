"""What probes find over a container's life, without a timer for each."""

from clusters.components.kubelet import behavior
from clusters.components.kubelet.probes import health
from clusters.components.kubelet.timing import NEVER
from clusters.kernel.clock import SECOND, parse_rfc3339

BEGAN = parse_rfc3339("2026-01-01T00:00:00Z")


def pod(**annotations):
    names = {f"{behavior.PREFIX}{k.replace('_', '-')}": v for k, v in annotations.items()}
    return {"metadata": {"name": "p", "namespace": "default", "uid": "u", "annotations": names}, "spec": {}}


def container(**probes):
    return {"name": "c", "image": "app", **probes}


def of(spec, **annotations):
    return health(spec, behavior.of(pod(**annotations), spec), BEGAN)


def seconds(at):
    return (at - BEGAN) / SECOND


def test_container_without_probes_is_ready_from_its_start():
    found = of(container())
    assert found.is_ready(BEGAN)
    assert found.next_change(BEGAN) == NEVER


def test_readiness_comes_with_the_first_probe_after_the_container_is_up():
    found = of(container(readinessProbe={"httpGet": {}, "periodSeconds": 5}), ready_after="12s")
    assert [(seconds(t), v) for t, v in found.ready] == [(16, True)]
    assert [seconds(t) for t, _ in found.failures] == [1, 6, 11]


def test_readiness_needs_as_many_successes_as_it_says():
    probe = {"httpGet": {}, "periodSeconds": 2, "successThreshold": 3, "initialDelaySeconds": 4}
    assert [(seconds(t), v) for t, v in of(container(readinessProbe=probe)).ready] == [(8, True)]


def test_readiness_that_ends_goes_after_the_failure_threshold():
    probe = {"httpGet": {}, "periodSeconds": 10, "failureThreshold": 2}
    found = of(container(readinessProbe=probe), ready_until="25s")
    assert [(seconds(t), v) for t, v in found.ready] == [(1, True), (41, False)]


def test_liveness_kills_after_its_threshold():
    probe = {"httpGet": {}, "periodSeconds": 5, "failureThreshold": 3}
    found = of(container(livenessProbe=probe), live_until="20s")
    assert seconds(found.kill_at) == 31
    assert found.kill_message == "Container c failed liveness probe, will be restarted"
    assert len(found.failures) == 3


def test_startup_probe_holds_the_others_back():
    startup = {"httpGet": {}, "periodSeconds": 10, "failureThreshold": 30}
    readiness = {"httpGet": {}, "periodSeconds": 3}
    found = of(container(startupProbe=startup, readinessProbe=readiness), started_after="25s")
    assert seconds(found.started_at) == 31
    assert seconds(found.ready[0][0]) == 31


def test_startup_probe_that_never_succeeds_kills():
    found = of(
        container(startupProbe={"httpGet": {}, "periodSeconds": 2, "failureThreshold": 4}), started_after="never"
    )
    assert found.started_at == NEVER
    assert seconds(found.kill_at) == 7
    assert not found.is_ready(BEGAN + 3600 * SECOND)


def test_exec_probe_follows_the_files_that_the_program_makes():
    spec = container(
        command=["sh", "-c", "touch /tmp/ok; sleep 30; rm /tmp/ok; sleep 600"],
        livenessProbe={"exec": {"command": ["cat", "/tmp/ok"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
    )
    found = of(spec)
    assert seconds(found.kill_at) == 40
    assert "can't open '/tmp/ok'" in found.failures[0][1]


def test_exec_probe_that_fails_by_its_words_never_succeeds():
    found = of(container(readinessProbe={"exec": {"command": ["false"]}}))
    assert found.ready == ()
    assert len(found.failures) == 3
