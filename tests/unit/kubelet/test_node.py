"""The Node that a kubelet registers; addresses; admission."""

import pytest

from clusters.components.kubelet import admission, images, network, node
from clusters.kernel.clock import parse_rfc3339
from clusters.kernel.rng import Rng

NOW = parse_rfc3339("2026-01-01T00:00:00Z")
MACHINE = {
    "metadata": {"name": "node-1"},
    "spec": {"cpu": "4", "memory": "16Gi", "pods": 110, "zone": "a", "region": "r"},
}


def registered(**spec):
    machine = {**MACHINE, "spec": {**MACHINE["spec"], **spec}}
    return node.registered(machine, address="192.168.0.3", rng=Rng(1), now=NOW)


def test_node_says_what_its_machine_is():
    found = registered()
    assert found["metadata"]["labels"]["topology.kubernetes.io/zone"] == "a"
    assert found["status"]["capacity"]["memory"] == "16777216Ki"
    assert found["status"]["allocatable"]["cpu"] == "4"
    assert node.internal_ip(found) == "192.168.0.3"


def test_node_is_not_ready_before_it_has_a_network():
    conditions = {c["type"]: c["status"] for c in registered()["status"]["conditions"]}
    assert conditions["Ready"] == "False"
    with_network = node.conditions((), network=True, now=NOW)
    assert with_network[-1]["reason"] == "KubeletReady"


def test_control_plane_has_its_taint():
    assert registered(role="control-plane")["spec"]["taints"] == [node.CONTROL_PLANE_TAINT]
    assert "taints" not in registered()["spec"]


def test_boot_id_tells_when_the_machine_started():
    assert node.booted_at({"status": {"nodeInfo": {"bootID": node.boot_id(Rng(1), "n", NOW)}}}) == NOW
    assert node.booted_at({"status": {}}) == 0
    assert node.booted_at({"status": {"nodeInfo": {"bootID": "something else"}}}) == 0


def test_addresses_are_not_given_twice_and_come_back():
    addresses = network.PodAddresses("10.244.3.0/24")
    assert [addresses.allocate(u) for u in "abc"] == ["10.244.3.2", "10.244.3.3", "10.244.3.4"]
    assert addresses.allocate("b") == "10.244.3.3"
    addresses.release("b")
    assert addresses.allocate("d") == "10.244.3.3"


def test_addresses_run_out():
    addresses = network.PodAddresses("10.244.3.0/29")
    given = [addresses.allocate(str(i)) for i in range(10)]
    assert given[4:] == ["10.244.3.6", "", "", "", "", ""]


def test_address_of_a_stored_pod_is_taken():
    addresses = network.PodAddresses("10.244.3.0/24")
    addresses.take("old", "10.244.3.2")
    assert addresses.allocate("new") == "10.244.3.3"


def test_first_control_plane_node_has_the_address_of_the_api():
    assert network.node_address(set(), control_plane=True) == "192.168.0.2"
    assert network.node_address({"192.168.0.3"}, control_plane=False) == "192.168.0.4"


def pod(cpu=None, **spec):
    requests = {"requests": {"cpu": cpu}} if cpu else {}
    return {
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"containers": [{"name": "c", "resources": requests}], **spec},
    }


def test_pod_that_fits_is_admitted():
    assert admission.admit(pod("4"), registered(), admission.NodeUse()) is None


def test_pod_that_asks_too_much_is_refused_in_numbers():
    use = admission.NodeUse()
    use.add("other", admission.Requests(3000, 0))
    found = admission.admit(pod("1500m"), registered(), use)
    assert found is not None
    assert found.reason == "OutOfcpu"
    assert found.message == "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000"


def test_full_node_takes_no_more_pods():
    use = admission.NodeUse()
    for i in range(2):
        use.add(str(i), admission.NOTHING)
    found = admission.admit(pod(), registered(pods=2), use)
    assert found is not None
    assert found.reason == "OutOfpods"


@pytest.mark.parametrize(
    ("selector", "reason"), [({"disk": "ssd"}, "NodeAffinity"), ({"topology.kubernetes.io/zone": "a"}, None)]
)
def test_node_selector_is_checked(selector, reason):
    found = admission.admit(pod(nodeSelector=selector), registered(), admission.NodeUse())
    assert (found.reason if found else None) == reason


def test_init_containers_count_where_they_need_more():
    both = pod("1")
    both["spec"]["initContainers"] = [
        {"name": "i", "resources": {"requests": {"cpu": "3"}}},
        {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}},
    ]
    assert admission.requests_of(both).cpu == 3000


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app:latest"),
        ("ghcr.io/x/y:2", "ghcr.io/x/y:2"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
    ],
)
def test_image_names_are_completed(image, full):
    assert images.full_name(image) == full
    assert images.is_reference(image)
