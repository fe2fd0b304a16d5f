"""Breaking and healing a running cluster by command and REST, as the failure palette does."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.support.stack import Kubectl, Stack, eventually

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


class Rest:
    """The browser's REST calls: a session, and its CSRF token."""

    def __init__(self, stack: Stack) -> None:
        self.url = stack.url
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self("GET", "session")

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Referer": self.url}
        token = next((c.value for c in self.jar if c.name == "csrftoken"), None)
        if token:
            headers["X-CSRFToken"] = token
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, headers, method=method)
        try:
            with self.opener.open(request, timeout=20) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def rest(stack: Stack) -> Rest:
    return Rest(stack)


@pytest.fixture(scope="module")
def kubectl(stack: Stack, rest: Rest) -> Kubectl:
    settings = {"name": "faulty", "workers": 2, "controlPlanes": 0, "addons": "none", "speed": "50"}
    status, answer = rest("POST", "clusters", settings)
    assert status == 201, answer
    return stack.kubectl("faulty")


def node_ready(kubectl: Kubectl, name: str) -> str:
    conditions = kubectl.json("get", "node", name)["status"]["conditions"]
    return next(str(c["status"]) for c in conditions if c["type"] == "Ready")


def test_timed_fault_heals_by_itself(rest: Rest, kubectl: Kubectl) -> None:
    eventually(lambda: node_ready(kubectl, "node-1") == "True")
    status, fault = rest(
        "POST", "clusters/faulty/faults", {"kind": "node-power", "target": "node-1", "duration": "150s"}
    )
    assert status == 201, fault
    eventually(lambda: node_ready(kubectl, "node-1") == "Unknown")
    eventually(lambda: rest("GET", "clusters/faulty/faults")[1] == {"faults": []}, what="the fault is over")
    eventually(lambda: node_ready(kubectl, "node-1") == "True")


def test_stopped_kubelet_stops_beating_and_comes_back(rest: Rest, kubectl: Kubectl) -> None:
    _, fault = rest("POST", "clusters/faulty/faults", {"kind": "kubelet-stop", "target": "node-2"})
    eventually(lambda: node_ready(kubectl, "node-2") == "Unknown")
    assert rest("POST", "clusters/faulty/faults", {"kind": "kubelet-stop", "target": "node-2"})[0] == 422
    assert rest("DELETE", f"clusters/faulty/faults/{fault['id']}")[0] == 204
    assert rest("DELETE", f"clusters/faulty/faults/{fault['id']}")[0] == 404
    eventually(lambda: node_ready(kubectl, "node-2") == "True")


def test_stopped_controllers_leave_things_as_they_are_until_they_start(rest: Rest, kubectl: Kubectl) -> None:
    _, fault = rest("POST", "clusters/faulty/faults", {"kind": "component-stop", "target": "kube-controller-manager"})
    kubectl("create", "deployment", "later", "--image=nginx")
    kubectl("run", "alone", "--image=nginx")
    # The scheduler and the kubelets still work: what they did shows that time has passed.
    kubectl("wait", "pod/alone", "--for=condition=Ready", "--timeout=40s")
    assert kubectl.json("get", "replicasets")["items"] == []
    rest("DELETE", f"clusters/faulty/faults/{fault['id']}")
    kubectl("rollout", "status", "deployment/later", "--timeout=40s")


def test_crashed_pod_restarts(rest: Rest, kubectl: Kubectl) -> None:
    kubectl("run", "victim", "--image=nginx")
    kubectl("wait", "pod/victim", "--for=condition=Ready", "--timeout=40s")
    rest("POST", "clusters/faulty/faults", {"kind": "pod-crash", "target": "default/victim"})
    eventually(
        lambda: kubectl.json("get", "pod", "victim")["status"]["containerStatuses"][0]["restartCount"] == 1,
        what="the container restarts",
    )
    kubectl("wait", "pod/victim", "--for=condition=Ready", "--timeout=40s")


def test_machine_comes_and_goes_with_its_node(rest: Rest, kubectl: Kubectl) -> None:
    status, machine = rest("POST", "clusters/faulty/machines", {"cpu": "2"})
    assert (status, machine["name"]) == (201, "node-3")
    eventually(lambda: node_ready(kubectl, "node-3") == "True")
    assert kubectl.json("get", "node", "node-3")["status"]["capacity"]["cpu"] == "2"
    for power in ("off", "on", "off", "on"):
        assert rest("PATCH", "clusters/faulty/machines/node-3", {"power": power})[0] == 200
    eventually(lambda: node_ready(kubectl, "node-3") == "True")
    assert rest("DELETE", "clusters/faulty/machines/node-3")[0] == 204
    eventually(lambda: kubectl.run("get", "node", "node-3").returncode != 0)
    assert rest("DELETE", "clusters/faulty/machines/node-3")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "meteor", "target": "node-1"}, "kind"),
        ({"kind": "node-power", "target": "nobody"}, "target"),
        ({"kind": "node-power", "target": "node-1", "duration": "soon"}, "duration"),
        ({"kind": "node-power", "target": "node-1", "for": "5s"}, "for"),
    ],
)
def test_fault_that_cannot_be_names_the_field(rest: Rest, kubectl: Kubectl, body: dict[str, str], field: str) -> None:
    status, problem = rest("POST", "clusters/faulty/faults", body)
    assert status == 422
    assert field in [e["field"] for e in problem["errors"]]


@pytest.mark.parametrize("speed", ["fast", "-1", "0.01", "5000", 7])
def test_impossible_speed_is_refused(rest: Rest, kubectl: Kubectl, speed: object) -> None:
    status, answer = rest("PATCH", "clusters/faulty/clock", {"speed": speed})
    if speed == 7:
        assert status in (200, 422)
        rest("PATCH", "clusters/faulty/clock", {"speed": "50"})
        return
    assert status == 422, answer
    assert answer["errors"][0]["field"] == "speed"
