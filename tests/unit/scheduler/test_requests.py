"""What a Pod asks for, in numbers."""

from __future__ import annotations

from typing import Any

from clusters.components.scheduler.requests import DEFAULT_CPU, DEFAULT_MEMORY, pod_requests

MIB = 1 << 20


def container(name: str, cpu: str = "", memory: str = "", **more: Any) -> dict[str, Any]:
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    return {"name": name, "resources": {"requests": requests}, **more}


def asked(**spec: Any) -> tuple[int, int]:
    found = pod_requests({"spec": spec})
    return found.cpu, found.memory // MIB


def test_containers_add_up() -> None:
    assert asked(containers=[container("a", "100m", "64Mi"), container("b", "1", "1Gi")]) == (1100, 1088)


def test_the_largest_init_container_counts_if_it_is_larger_than_the_sum() -> None:
    containers = [container("a", "1", "1Mi")]
    init = [container("i", "500m", "2Mi"), container("j", "3", "1Mi")]
    assert asked(containers=containers, initContainers=init) == (3000, 2)


def test_a_sidecar_counts_beside_the_containers_and_beside_later_init_containers_only() -> None:
    containers = [container("a", "1")]
    sidecar = container("s", "1", restartPolicy="Always")
    assert asked(containers=containers, initContainers=[container("i", "2"), sidecar]) == (2000, 0)
    assert asked(containers=containers, initContainers=[sidecar, container("i", "2")]) == (3000, 0)


def test_requests_at_pod_level_replace_the_sum_and_overhead_comes_on_top() -> None:
    spec = {
        "containers": [container("a", "1", "1Mi")],
        "resources": {"requests": {"cpu": "3"}},
        "overhead": {"cpu": "250m", "memory": "2Mi"},
    }
    assert asked(**spec) == (3250, 3)


def test_scores_assume_a_default_for_each_container_without_a_request() -> None:
    found = pod_requests({"spec": {"containers": [container("a", "1"), container("b")]}})
    assert (found.cpu, found.memory) == (1000, 0)
    assert (found.score_cpu, found.score_memory) == (1000 + DEFAULT_CPU, 2 * DEFAULT_MEMORY)


def test_scores_see_pod_level_requests_of_pods_that_are_there_but_not_of_the_new_one() -> None:
    spec = {"containers": [container("a", "100m", "64Mi")], "resources": {"requests": {"cpu": "2"}}}
    found = pod_requests({"spec": spec})
    assert (found.score_cpu, found.container_cpu) == (2000, 100)


def test_extended_resources_are_kept_by_name() -> None:
    requests = {"example.com/gpu": "2", "ephemeral-storage": "1Gi", "hugepages-2Mi": "0"}
    found = pod_requests({"spec": {"containers": [{"name": "a", "resources": {"requests": requests}}]}})
    assert found.scalar == {"example.com/gpu": 2}
    assert found.ephemeral == 1 << 30


def test_while_a_pod_is_resized_the_larger_of_old_and_new_counts() -> None:
    pod = {
        "spec": {"containers": [container("a", "500m")]},
        "status": {
            "conditions": [{"type": "PodResizeInProgress", "status": "True"}],
            "containerStatuses": [{"name": "a", "resources": {"requests": {"cpu": "2"}}}],
        },
    }
    assert pod_requests(pod).cpu == 2000
    pod["status"]["conditions"] = []
    assert pod_requests(pod).cpu == 500
