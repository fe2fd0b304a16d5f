"""The certificate of a person, from the key to `kubectl exec`, with the real kubectl over TLS."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import kubernetes
import lightkube
import pytest
import yaml
from lightkube.resources.core_v1 import Node

from tests.support.certificates import csr, key_pem, new_key, request_object
from tests.support.stack import Kubectl, Stack, eventually

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Kubectl:
    for name in ("signing", "another"):
        stack.manage("cluster", "create", name, "--workers", "1", "--speed", "5")
    return stack.kubectl("signing")


@pytest.fixture(scope="module")
def jane(admin: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """A kubectl with nothing but the certificate."""
    folder, key = tmp_path_factory.mktemp("jane"), new_key()
    pem = csr("jane", ["developers"], key=key)
    admin("apply", "-f", "-", stdin=json.dumps(request_object("jane", pem, seconds=86400)))
    row = admin("get", "csr", "jane").splitlines()[1].split()
    assert row[2:] == ["kubernetes.io/kube-apiserver-client", "admin", "24h", "Pending"]
    assert "approved" in admin("certificate", "approve", "jane")
    text = eventually(lambda: admin("get", "csr", "jane", "-o", "jsonpath={.status.certificate}"))
    assert admin("get", "csr", "jane").split()[-1] == "Approved,Issued"
    (folder / "jane.crt").write_bytes(base64.b64decode(text))
    (folder / "jane.key").write_bytes(key_pem(key))
    config = yaml.safe_load(admin.kubeconfig.read_text())
    config["users"] = []
    (folder / "config").write_text(yaml.safe_dump(config))
    kubectl = Kubectl(folder / "config", folder)
    files = [f"--client-certificate={folder / 'jane.crt'}", f"--client-key={folder / 'jane.key'}"]
    kubectl("config", "set-credentials", config["contexts"][0]["context"]["user"], *files)
    return kubectl


def test_holder_is_who_the_certificate_says(jane: Kubectl) -> None:
    user = jane.json("auth", "whoami")["status"]["userInfo"]
    assert (user["username"], user["groups"]) == ("jane", ["developers", "system:authenticated"])
    assert user["extra"]["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")


def test_holder_may_do_nothing_until_a_role_is_bound_and_then_also_exec(admin: Kubectl, jane: Kubectl) -> None:
    refused = jane.run("get", "pods")
    assert refused.returncode == 1
    assert 'User "jane" cannot list resource "pods" in API group "" in the namespace "default"' in refused.stderr
    admin("run", "box", "--image=busybox", "--command", "--", "sleep", "100000")
    admin("wait", "--for=condition=Ready", "pod/box", "--timeout=60s")
    admin("create", "rolebinding", "developers", "--clusterrole=edit", "--group=developers")
    assert "box" in jane("get", "pods")
    assert jane("exec", "box", "--", "hostname") == "box\n"
    assert json.loads(jane("get", "--raw", "/api/v1/namespaces/default/pods/box"))["metadata"]["name"] == "box"


def test_another_cluster_and_the_playground_do_not_know_the_holder(stack: Stack, jane: Kubectl) -> None:
    there = ["--server", f"https://127.0.0.1:{stack.k8s_port}/k8s/another"]
    assert "You must be logged in to the server" in jane.run("get", "pods", *there).stderr
    assert "You must be logged in to the server" in jane.run("exec", "box", *there, "--", "hostname").stderr
    trust = ssl.create_default_context(cafile=str(stack.data / "pki" / "ca.crt"))
    trust.load_cert_chain(jane.home / "jane.crt", jane.home / "jane.key")

    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{stack.k8s_port}{path}", context=trust) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    # On the TLS port, a path without a cluster is one of the cluster that the certificate is of.
    assert status("/apis/apps/v1") == 200
    assert status("/api/v1/clusters") == 403
    assert status("/admin/") == 403


def test_plain_http_knows_no_certificates(stack: Stack, jane: Kubectl) -> None:
    raw = ["get", "--raw", "/k8s/signing/api/v1/pods", "--server", f"http://127.0.0.1:{stack.port}"]
    assert 'User "system:anonymous" cannot list resource "pods"' in jane.run(*raw).stderr


def test_forged_certificate_is_refused(stack: Stack, jane: Kubectl, tmp_path: Path) -> None:
    """Of an authority with the same name."""
    from clusters.machinery.certificates import CertificateOrder
    from clusters.runtime.authority import ClientAuthority

    key = new_key()
    order = CertificateOrder(
        request=csr("admin", ["system:masters"], key=key),
        usages=("client auth",),
        not_before=0,
        not_after=4_000_000_000,
        serial=1,
    )
    (tmp_path / "crt").write_text(ClientAuthority("guessed", "1/1", 1).sign(order))
    (tmp_path / "key").write_bytes(key_pem(key))
    forged = [f"--client-certificate={tmp_path / 'crt'}", f"--client-key={tmp_path / 'key'}"]
    assert "You must be logged in to the server" in jane.run("get", "pods", *forged).stderr


def test_client_libraries_show_the_certificate_of_a_kubeconfig(stack: Stack, admin: Kubectl, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(stack.manage("cluster", "kubeconfig", "signing", "--certificate").stdout)
    assert "token" not in file.read_text()
    kubernetes.config.load_kube_config(str(file))
    official = [node.metadata.name for node in kubernetes.client.CoreV1Api().list_node().items]
    light = lightkube.Client(config=lightkube.KubeConfig.from_file(file))
    assert official == [node.metadata.name for node in light.list(Node)]
    assert "node-1" in official
