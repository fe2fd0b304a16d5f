"""A kopf operator, as somebody may write it: a Widget owns a ConfigMap that says what the Widget says."""

from __future__ import annotations

from typing import Any

import kopf
import kubernetes


def _config(name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": spec["text"]}}


@kopf.on.create("example.com", "v1", "widgets")
def created(spec: Any, name: str, namespace: str, patch: Any, **_: Any) -> None:
    body = _config(name, spec)
    kopf.adopt(body)
    kubernetes.client.CoreV1Api().create_namespaced_config_map(namespace, body)
    patch.status["phase"] = "Made"


@kopf.on.update("example.com", "v1", "widgets", field="spec.text")
def changed(spec: Any, name: str, namespace: str, patch: Any, **_: Any) -> None:
    change = {"data": {"text": spec["text"]}}
    kubernetes.client.CoreV1Api().patch_namespaced_config_map(name, namespace, change)
    patch.status["phase"] = "Changed"


@kopf.on.delete("example.com", "v1", "widgets")
def deleted(name: str, namespace: str, **_: Any) -> None:
    note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-was-here"}}
    kubernetes.client.CoreV1Api().create_namespaced_config_map(namespace, note)
