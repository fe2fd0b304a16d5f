"""Which pods a scale-down takes first."""

from clusters.components.controllers.replicaset.ranking import DELETION_COST, to_delete
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339

NOW = parse_rfc3339("2026-01-02T00:00:00Z")


def pod(name, *, node="n1", phase="Running", ready=True, age=3600, restarts=0, cost=None, ready_for=3600):
    conditions = [
        {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": rfc3339(NOW - ready_for * SECOND),
        }
    ]
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": rfc3339(NOW - age * SECOND),
            "annotations": {DELETION_COST: cost} if cost else {},
        },
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": [{"restartCount": restarts}]},
    }


def first(*pods):
    return to_delete(list(pods), 1, pods, NOW)[0]["metadata"]["name"]


def test_unassigned_goes_before_assigned():
    assert first(pod("a"), pod("b", node="", phase="Pending", ready=False)) == "b"


def test_pending_goes_before_running():
    assert first(pod("a"), pod("b", phase="Pending", ready=False)) == "b"


def test_not_ready_goes_before_ready():
    assert first(pod("a"), pod("b", ready=False)) == "b"


def test_cheaper_goes_first():
    assert first(pod("a", cost="10"), pod("b", cost="-5"), pod("c")) == "b"
    assert first(pod("a", cost="nonsense"), pod("b", cost="1")) == "a"


def test_doubled_up_node_loses_one():
    assert first(pod("a", node="n1"), pod("b", node="n2"), pod("c", node="n2")) in ("b", "c")


def test_ready_for_a_shorter_time_goes_first():
    assert first(pod("a", ready_for=36000), pod("b", ready_for=10)) == "b"


def test_more_restarts_go_first():
    same = {"ready_for": 100}
    assert first(pod("a", **same), pod("b", restarts=3, **same)) == "b"


def test_younger_goes_first_by_order_of_magnitude():
    assert first(pod("a", age=100000, ready_for=50), pod("b", age=60, ready_for=50)) == "b"


def test_all_go_if_all_are_asked_for():
    pods = [pod("a"), pod("b")]
    assert len(to_delete(pods, 5, pods, NOW)) == 2
