"""Client libraries as people use them, each doing real work over TLS with a cluster's kubeconfig."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.stack import Kubectl, Stack, eventually

kubernetes = pytest.importorskip("kubernetes")
lightkube = pytest.importorskip("lightkube")
kr8s = pytest.importorskip("kr8s")

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # kr8s says that it does not know 1.36 yet.
    pytest.mark.filterwarnings("ignore:Kubernetes version:UserWarning"),
]
IMAGE = "nginx:1.29"


@pytest.fixture(scope="module")
def cluster(stack: Stack) -> Kubectl:
    stack.manage("cluster", "create", "clients", "--workers", "2", "--speed", "10")
    return stack.kubectl("clients")


@pytest.fixture(scope="module")
def api(cluster: Kubectl) -> Any:
    """The official client."""
    from kubernetes import config

    client = config.new_client_from_config(str(cluster.kubeconfig))
    yield client
    client.close()


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": IMAGE, "ports": [{"containerPort": 80}]}]},
            },
        },
    }


def available(read: Callable[[], Any], wanted: int) -> None:
    eventually(lambda: read() == wanted, timeout=60, what="Deployment becomes available")


def test_official_client_rolls_out_patches_and_deletes(api: Any) -> None:
    from kubernetes import client

    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
    made = apps.create_namespaced_deployment("default", deployment("official", 2))
    assert (made.spec.replicas, made.spec.strategy.type) == (2, "RollingUpdate")
    available(lambda: apps.read_namespaced_deployment_status("official", "default").status.available_replicas, 2)
    apps.patch_namespaced_deployment("official", "default", {"spec": {"replicas": 3}})
    available(lambda: apps.read_namespaced_deployment("official", "default").status.available_replicas, 3)
    found = core.list_namespaced_pod("default", label_selector="app=official")
    assert {p.status.phase for p in found.items} == {"Running"}
    with pytest.raises(client.ApiException) as caught:
        apps.create_namespaced_deployment("default", deployment("official"))
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    apps.delete_namespaced_deployment("official", "default", propagation_policy="Foreground")
    eventually(lambda: not core.list_namespaced_pod("default", label_selector="app=official").items, timeout=60)


def test_official_client_pages_through_lists(api: Any) -> None:
    from kubernetes import client

    core = client.CoreV1Api(api)
    for number in range(7):
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"page-{number}", labels={"page": "yes"}))
        core.create_namespaced_config_map("default", body)
    names: list[str] = []
    token = None
    pages = 0
    while pages == 0 or token:
        page = core.list_namespaced_config_map("default", label_selector="page=yes", limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token, pages = page.metadata._continue, pages + 1
    assert (names, pages) == ([f"page-{n}" for n in range(7)], 3)


def test_official_client_watches(api: Any) -> None:
    from kubernetes import client, watch

    core = client.CoreV1Api(api)
    rev = core.list_namespaced_config_map("default").metadata.resource_version
    seen: list[tuple[str, str]] = []

    def follow() -> None:
        for event in watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=rev, label_selector="w=1", timeout_seconds=15
        ):
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                return

    thread = threading.Thread(target=follow)
    thread.start()
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="watched", labels={"w": "1"}), data={"a": "1"})
    core.create_namespaced_config_map("default", body)
    core.patch_namespaced_config_map("watched", "default", {"data": {"a": "2"}})
    core.delete_namespaced_config_map("watched", "default")
    thread.join(20)
    assert seen == [("ADDED", "watched"), ("MODIFIED", "watched"), ("DELETED", "watched")]


def test_official_client_executes_forwards_and_reads_logs(cluster: Kubectl) -> None:
    from kubernetes import client, config
    from kubernetes.stream import portforward, stream

    # `stream` replaces how its client sends requests: it gets one of its own.
    api = config.new_client_from_config(str(cluster.kubeconfig))
    core = client.CoreV1Api(api)
    spec = client.V1PodSpec(containers=[client.V1Container(name="web", image=IMAGE)])
    core.create_namespaced_pod("default", client.V1Pod(metadata=client.V1ObjectMeta(name="streams"), spec=spec))
    eventually(lambda: core.read_namespaced_pod("streams", "default").status.phase == "Running", timeout=60)
    assert "start worker processes" in core.read_namespaced_pod_log("streams", "default")

    options: dict[str, Any] = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    out = stream(core.connect_get_namespaced_pod_exec, "streams", "default", command=["hostname"], **options)
    assert out == "streams\n"
    shell = stream(
        core.connect_get_namespaced_pod_exec, "streams", "default",
        command=["sh"], **{**options, "stdin": True}, _preload_content=False,
    )  # fmt: skip
    shell.write_stdin("echo from stdin; echo lost >&2; exit 7\n")
    shell.run_forever(timeout=15)
    assert (shell.read_stdout(), shell.read_stderr()) == ("from stdin\n", "lost\n")
    assert shell.returncode == 7

    ports = portforward(core.connect_get_namespaced_pod_portforward, "streams", "default", ports="80")
    with contextlib.closing(ports.socket(80)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        connection.settimeout(10)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Welcome to nginx!" in answer
    api.close()


def test_official_dynamic_client_applies(api: Any) -> None:
    from kubernetes import dynamic

    client = dynamic.DynamicClient(api)
    maps = client.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}
    made = maps.server_side_apply(body, namespace="default", name="applied", field_manager="tests")
    assert made.metadata.managedFields[0].manager == "tests"
    body["data"] = {"a": "2"}
    with pytest.raises(dynamic.exceptions.ConflictError):
        maps.server_side_apply(body, namespace="default", name="applied", field_manager="others")


def test_lightkube_works(cluster: Kubectl) -> None:
    from lightkube import Client, KubeConfig
    from lightkube.core.exceptions import ApiError
    from lightkube.models.autoscaling_v1 import ScaleSpec
    from lightkube.models.meta_v1 import ObjectMeta
    from lightkube.resources.apps_v1 import Deployment
    from lightkube.resources.core_v1 import ConfigMap, Node, Pod
    from lightkube.types import PatchType

    client = Client(config=KubeConfig.from_file(str(cluster.kubeconfig)), field_manager="lightkube-tests")
    assert len(list(client.list(Node))) == 3
    client.create(Deployment.from_dict(deployment("light", 1)))
    scale = Deployment.Scale(metadata=ObjectMeta(name="light", namespace="default"), spec=ScaleSpec(replicas=2))
    client.replace(scale, name="light")
    client.wait(Deployment, "light", for_conditions=["Available"])
    available(lambda: client.get(Deployment, "light").status.availableReplicas, 2)
    pods = list(client.list(Pod, labels={"app": "light"}))
    assert len(pods) == 2
    assert any("start worker" in line for line in client.log(pods[0].metadata.name))
    client.create(ConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"a": "1"}))
    patched = client.patch(ConfigMap, "light", {"data": {"b": "2"}}, patch_type=PatchType.MERGE)
    assert patched.data == {"a": "1", "b": "2"}
    applied = client.apply(ConfigMap(metadata=ObjectMeta(name="light-2", namespace="default"), data={"c": "3"}))
    assert applied.data == {"c": "3"}
    for event, found in client.watch(ConfigMap, fields={"metadata.name": "light"}, server_timeout=5):
        assert (event, found.data) == ("ADDED", {"a": "1", "b": "2"})
        break
    client.delete(Deployment, "light")
    with pytest.raises(ApiError, match='configmaps "none" not found'):
        client.get(ConfigMap, "none")


def test_kr8s_works(cluster: Kubectl) -> None:
    from kr8s.asyncio import api as connect
    from kr8s.asyncio.objects import ConfigMap, Deployment, Pod

    async def work() -> None:
        api = await connect(kubeconfig=str(cluster.kubeconfig))
        assert (await api.version())["minor"] == "36"
        made = await Deployment(deployment("krates", 1), api=api)
        await made.create()
        await made.wait("condition=Available", timeout=60)
        await made.scale(2)
        pods: list[Any] = []
        for _ in range(300):
            pods = [pod async for pod in Pod.list(api=api, label_selector="app=krates")]
            if len(pods) == 2 and all([await pod.ready() for pod in pods]):
                break
            await asyncio.sleep(0.1)
        assert len(pods) == 2
        assert "start worker" in "\n".join([line async for line in pods[0].logs()])
        config = await ConfigMap({"metadata": {"name": "krates", "namespace": "default"}, "data": {"a": "1"}}, api=api)
        await config.create()
        await config.patch({"data": {"b": "2"}})
        await config.refresh()
        assert config.data == {"a": "1", "b": "2"}
        async for event, found in api.watch("configmaps", namespace="default", field_selector="metadata.name=krates"):
            assert (event, found.name) == ("ADDED", "krates")
            break
        done = await pods[0].exec(["sh", "-c", "echo in $(hostname)"])
        assert done.stdout.decode() == f"in {pods[0].name}\n"
        await made.delete()
        await config.delete()
        assert not await config.exists()

    asyncio.run(work())
