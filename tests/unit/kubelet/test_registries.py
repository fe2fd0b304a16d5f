"""Images that plainly do not exist cannot be pulled; all others can."""

from __future__ import annotations

import pytest

from clusters.components.kubelet import registries
from tests.support.cluster import Cluster


@pytest.mark.parametrize(
    "image",
    [
        "nginx", "nginx:latest", "nginx:1", "nginx:2", "nginx:1.27", "nginx:1.27.3-alpine", "nginx:stable-alpine3.20",
        "nginx:mainline", "nginx:alpine-slim", "busybox", "busybox:1.36", "busybox:musl", "redis:7", "redis2", "x", "y",
        "other", "envoy", "app", "web", "agent:2", "nope", "myapp:latestt", "ubuntu:noble", "ubuntu:24.04", "python:3.12-slim",
        "python:3.12-bookworm", "ubuntu:noble-20240605", "tomcat:9.0.104", "ghost:5.100.1", "mongo", "mongo-express",
        "node:20", "golang:1.22", "mysql:8.0.36", "busy:1", "quay.io/coreos/etcd:v3.5.9", "ghcr.io/me/app:main", "nvcr.io/a/b",
        "registry.k8s.io/pause:3.10", "localhost:5000/me", "registry.example.com/team/app:v1", "bitnami/nginx:1.25",
        "me/ngnix:1", "fsouza/fake-gcs-server", "wrong/app", "nginx@sha256:" + "0" * 64, "nginx:blue", "nginx:v2", "perl",
        "gcr.io/google-samples/hello-app:1.0", "eu.gcr.io/p/app", "k8s.gcr.io/echoserver:1.4", "my.registry.io/app", "cr.io/x",
        "postgres:16-alpine", "httpd:2.4", "rust", "bash:5", "alpine:edge", "debian:bookworm-slim", "busybox:stable",
    ],
)  # fmt: skip
def test_images_of_people_can_be_pulled(image):
    assert registries.problem(image) == ""


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("nginx:latestt", "docker.io/library/nginx:latestt: not found"),
        ("nginx:lastest", "not found"),
        ("nginx:1.161", "docker.io/library/nginx:1.161: not found"),
        ("nginx:1.999-alpine", "not found"),
        ("redis:999", "not found"),
        ("busybox:does-not-exist", "not found"),
        ("me/app:nonexistent", "docker.io/me/app:nonexistent: not found"),
        ("nginx:wrong", "not found"),
        ("nginx:bad-tag", "not found"),
        ("ngnix", "pull access denied, repository does not exist or may require authorization"),
        ("nginxx:1.27", "pull access denied"),
        ("docker.io/library/buysbox", "pull access denied"),
        ("postgress:16", "pull access denied"),
        ("nonexistent-image:v1", "pull access denied"),
        ("me/this-image-does-not-exist", "pull access denied"),
        ("docker.oi/library/nginx", "lookup docker.oi: no such host"),
        (
            "registry.invalid/app:1",
            'Head "https://registry.invalid/v2/app/manifests/1": dial tcp: lookup registry.invalid',
        ),
        ("ghrc.io/me/app", "lookup ghrc.io: no such host"),
        ("no-such-registry.example.com/app", "no such host"),
    ],
)
def test_mistakes_cannot_be_pulled(image, says):
    assert says in registries.problem(image)
    assert registries.problem(image).startswith("rpc error: code = ")


def run(name: str, **annotations: str) -> tuple[Cluster, dict[str, str]]:
    cluster = Cluster(workers=1, control_planes=0)
    notes = {f"behavior.playground.dev/{k}": v for k, v in annotations.items()}
    spec = {"containers": [{"name": "c", "image": name}]}
    cluster.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": notes}, "spec": spec}
    )
    cluster.run_for(30)
    state = cluster.get("pods", "default", "p")["status"]["containerStatuses"][0]["state"]
    return cluster, state.get("waiting") or {"reason": "Running"}


def test_mistyped_tag_ends_in_image_pull_back_off():
    cluster, waiting = run("nginx:latestt")
    error = registries.problem("nginx:latestt")
    assert waiting == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:latestt": ErrImagePull: {error}',
    }
    told = [
        (e["type"], e["reason"], e["message"]) for e in cluster.list("events") if e["involvedObject"]["name"] == "p"
    ]
    for wanted in (
        ("Normal", "Pulling", 'Pulling image "nginx:latestt"'),
        ("Warning", "Failed", f'Failed to pull image "nginx:latestt": {error}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "nginx:latestt"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ):
        assert wanted in told


def test_annotation_has_the_last_word():
    assert run("nginx:latestt", image="present")[1]["reason"] == "Running"
    assert run("nginx", image="missing")[1]["reason"] == "ImagePullBackOff"


def test_upper_case_is_no_name():
    _, waiting = run("Nginx:1")
    assert waiting["reason"] == "InvalidImageName"
    assert waiting["message"] == (
        'Failed to apply default image tag "Nginx:1": couldn\'t parse image name "Nginx:1": '
        "invalid reference format: repository name (library/Nginx) must be lowercase"
    )
