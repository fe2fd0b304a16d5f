"""`kubectl top` and `kubectl autoscale` with the real kubectl, on a cluster with its metrics server."""

from __future__ import annotations

import re

import pytest

from tests.support.stack import Kubectl, Stack, eventually

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]

SERVER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {behavior.playground.dev/cpu: 10m, behavior.playground.dev/memory: 32Mi}
    spec:
      containers: [{name: main, image: "nginx:1.27", resources: {requests: {cpu: 100m}}}]
      terminationGracePeriodSeconds: 1
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture(scope="module")
def kubectl(stack: Stack) -> Kubectl:
    stack.manage("cluster", "create", "metrics", "--workers", "2", "--speed", "60")
    found = stack.kubectl("metrics")
    found("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=60s")
    found("apply", "-f", "-", stdin=SERVER)
    found("rollout", "status", "deployment/web", "--timeout=60s")
    return found


def test_top_shows_nodes_and_pods(kubectl: Kubectl) -> None:
    nodes = eventually(lambda: kubectl.run("top", "nodes").stdout, timeout=90, what="figures of nodes")
    assert re.search(r"^node-1 +\d+m +\d+% +\d+Mi +\d+%", nodes, re.M)
    assert re.search(r"^control-plane-1 ", nodes, re.M)
    pods = eventually(lambda: kubectl.run("top", "pods", "--containers").stdout, timeout=90, what="figures of pods")
    assert re.search(r"^web-\S+ +main +10m +32Mi", pods, re.M)
    everything = kubectl("top", "pods", "-A", "--sum", "--sort-by=memory")
    assert re.search(r"^kube-system +metrics-server-", everything, re.M)
    assert kubectl("top", "pods", "-l", "app=nobody", "--no-headers") == ""


def test_autoscaler_follows_the_load_up_and_down(kubectl: Kubectl) -> None:
    kubectl("autoscale", "deployment", "web", "--cpu-percent=50", "--min=1", "--max=5")

    def size() -> str:
        return kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}")

    eventually(lambda: "10%/50%" in kubectl("get", "hpa", "web"), timeout=90, what="the autoscaler's first look")
    # Each request a second takes a tenth of a millicore: 240m, shared by all.
    kubectl("annotate", "service", "web", "behavior.playground.dev/requests=2400")
    eventually(lambda: size() == "5", timeout=60, what="more replicas")
    kubectl("annotate", "service", "web", "behavior.playground.dev/requests-")
    eventually(lambda: size() == "1", timeout=60, what="fewer replicas")
    told = kubectl("describe", "hpa", "web")
    assert "New size: 1; reason: All metrics below target" in told
    assert "SuccessfulRescale" in told


def test_without_its_server_there_is_no_metrics_api(kubectl: Kubectl) -> None:
    kubectl("scale", "deployment", "metrics-server", "-n", "kube-system", "--replicas=0")
    kubectl("wait", "--for=condition=Available=False", "apiservice/v1beta1.metrics.k8s.io", "--timeout=60s")
    done = kubectl.run("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes")
    assert "the server is currently unable to handle the request" in done.stderr
    assert kubectl.run("top", "nodes").returncode == 1
    kubectl("scale", "deployment", "metrics-server", "-n", "kube-system", "--replicas=1")
    kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=60s")
    assert eventually(lambda: kubectl.run("top", "nodes").stdout, timeout=90, what="figures of nodes")
