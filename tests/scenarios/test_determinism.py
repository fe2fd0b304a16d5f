"""Same seed, same inputs at the same virtual times: the same revisions, byte for byte, also after a crash."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

from clusters.kernel.rng import Rng
from tests.support.cluster import Cluster, deployment
from tests.support.stack import ROOT


def play(seed: int, *, crash_every: int = 0) -> list[tuple[int, str, bool, str, int, bytes]]:
    """A day in the life of a cluster; with `crash_every` the worker dies between the steps."""
    cluster = Cluster(seed=seed, boot=False)
    steps = itertools.count(1)

    def run_for(seconds: float) -> None:
        if crash_every and next(steps) % crash_every == 0:
            cluster.crash()
        cluster.run_for(seconds)

    run_for(5)
    cluster.create("deployments.apps", deployment("web", 7))
    run_for(0.5)
    cluster.create("deployments.apps", deployment("db", 3, image="postgres:16"))
    run_for(3)
    run_for(20)
    cluster.patch("deployments.apps", "default", "web", {"spec": {"replicas": 12}})
    run_for(1)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:1.28"}]}}}}
    cluster.patch("deployments.apps", "default", "web", image)
    run_for(15)
    cluster.patch("machines.playground.dev", "", "node-2", {"spec": {"power": "off"}})
    run_for(60)
    run_for(320)
    cluster.patch("machines.playground.dev", "", "node-2", {"spec": {"power": "on"}})
    run_for(60)
    cluster.delete("deployments.apps", "default", "db")
    run_for(60)
    return cluster.log()


def test_same_seed_and_inputs_write_the_same_revisions() -> None:
    first, second = play(7), play(7)
    assert len(first) > 200
    assert first == second


def test_history_does_not_depend_on_the_process() -> None:
    """Sets of strings iterate in another order in each process: none may reach the log."""
    code = (
        "import django; django.setup()\n"
        "from hashlib import sha256; from tests.scenarios.test_determinism import play\n"
        "print(sha256(repr(play(7)).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "playground.settings"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_other_seed_writes_another_history() -> None:
    assert play(7) != play(8)


def test_worker_that_crashes_between_steps_writes_the_same_history() -> None:
    assert play(7, crash_every=1) == play(7)


def test_seeded_choices_do_not_depend_on_the_order_of_asking() -> None:
    forward, backward = Rng(3), Rng(3)
    names = [("pull", i) for i in range(20)]
    asked = {n: forward.fraction(*n) for n in names}
    assert {n: backward.fraction(*n) for n in reversed(names)} == asked
    assert all(0 <= f < 1 for f in asked.values())
