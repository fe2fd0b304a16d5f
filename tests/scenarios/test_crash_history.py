"""A worker that dies at any moment changes nothing: a cluster in which everything happens, with and without crashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.scenarios.scenario import RESOURCES
from tests.support.cluster import Cluster, deployment

EVERYTHING = Path(__file__).with_name("everything.yaml")


class Story:
    """A cluster that lives through the same things each time; `crash` loses the worker before every run."""

    def __init__(self, seed: int, *, crash: bool) -> None:
        self.crash = crash
        self.cluster = Cluster(seed=seed, boot=False, workers=4, control_planes=1, addons="default")

    def run(self, *lengths: float) -> None:
        for seconds in lengths:
            if self.crash:
                self.cluster.crash()
            self.cluster.run_for(seconds)

    def image(self, resource: str, name: str, container: str, image: str) -> None:
        template = {"spec": {"containers": [{"name": container, "image": image}]}}
        self.cluster.patch(resource, "default", name, {"spec": {"template": template}})

    def power(self, node: str, state: str) -> None:
        self.cluster.patch("machines.playground.dev", "", node, {"spec": {"power": state}})

    def calm(self, name: str) -> None:
        """The Pods of a Deployment take next to nothing from now on."""
        annotations = {"behavior.playground.dev/cpu": "1m"}
        self.cluster.patch(
            "deployments.apps", "default", name, {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        )

    def tell(self) -> Sequence[tuple[int, str, bool, str, int, bytes]]:
        cluster = self.cluster
        self.run(3)
        for i, obj in enumerate(filter(None, yaml.safe_load_all(EVERYTHING.read_text()))):
            cluster.create(RESOURCES[obj["kind"]], obj)
            if i % 3 == 2:
                self.run(0.7)
        cluster.create("deployments.apps", deployment("web", 5))
        self.run(0.3, 1, 1.7, 2, 3, 5, 7, 11)
        self.image("deployments.apps", "web", "main", "nginx:1.28")
        self.run(0.5, 1, 2, 3, 9)
        self.image("statefulsets.apps", "db", "c", "postgres:17")
        self.image("daemonsets.apps", "agent", "c", "agent:2")
        self.run(0.5, 1, 2, 3, 9, 20)
        self.calm("busy")
        self.power("node-1", "off")
        self.run(20, 20, 20, 20, 100, 200, 30)
        self.power("node-1", "on")
        self.run(1, 2, 5, 30)
        cluster.delete("nodes", "", "node-2")
        self.run(5, 20, 20, 30)
        cluster.delete("deployments.apps", "default", "web", propagation="Foreground")
        self.run(0.5, 1, 5, 30, 600)
        return cluster.log()


@pytest.mark.parametrize("seed", [3, 11])
def test_history_is_the_same_whether_or_not_the_worker_crashes(seed: int) -> None:
    quiet, crashing = Story(seed, crash=False).tell(), Story(seed, crash=True).tell()
    assert len(quiet) > 1500
    for a, b in zip(quiet, crashing, strict=False):
        assert a == b
    assert len(quiet) == len(crashing)
