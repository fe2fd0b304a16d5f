"""What makes a pod the N-th of its set: name, labels, host name, claims. Pure functions.

Models: kube-controller-manager, statefulset/stateful_set_utils.go.
"""

from __future__ import annotations

import re
from typing import Any

from clusters.components.controllers.shared.history import POD_HASH_LABEL
from clusters.components.controllers.shared.objects import deep
from clusters.components.controllers.shared.podcontrol import pod_from_template
from clusters.machinery import meta
from clusters.machinery.types import Obj

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
_ORDINAL = re.compile(r"(.*)-([0-9]+)$")


def start(owner: Obj) -> int:
    return int((owner["spec"].get("ordinals") or {}).get("start", 0))


def parent_and_ordinal(pod: Obj) -> tuple[str, int]:
    """(set name, ordinal); ("", -1) for a pod whose name has none."""
    found = _ORDINAL.fullmatch(pod["metadata"]["name"])
    return (found.group(1), int(found.group(2))) if found else ("", -1)


def ordinal(pod: Obj) -> int:
    return parent_and_ordinal(pod)[1]


def is_member(owner: Obj, pod: Obj) -> bool:
    return bool(parent_and_ordinal(pod)[0] == owner["metadata"]["name"])


def pod_name(owner: Obj, number: int) -> str:
    return f"{owner['metadata']['name']}-{number}"


def revision_of(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get(POD_HASH_LABEL, ""))


def claim_name(owner: Obj, template: Obj, number: int) -> str:
    return f"{template['metadata']['name']}-{owner['metadata']['name']}-{number}"


def claim_templates(owner: Obj) -> list[Obj]:
    return owner["spec"].get("volumeClaimTemplates") or []


def new_pod(owner: Obj, number: int, revision: str) -> Obj:
    """The pod of that ordinal; `owner` already holds the template of the revision."""
    name = pod_name(owner, number)
    pod = pod_from_template(owner["spec"]["template"], owner, name=name)
    pod["metadata"]["generateName"] = f"{owner['metadata']['name']}-"
    labels = pod["metadata"].setdefault("labels", {})
    labels |= {POD_NAME: name, POD_INDEX: str(number), POD_HASH_LABEL: revision}
    pod["spec"]["hostname"] = name
    if owner["spec"].get("serviceName"):
        pod["spec"]["subdomain"] = owner["spec"]["serviceName"]
    with_storage(pod, owner, number)
    return pod


def with_storage(pod: Obj, owner: Obj, number: int) -> None:
    """Give the new pod the volumes of its claims. In place."""
    templates = claim_templates(owner)
    if not templates:
        return
    volumes: list[dict[str, Any]] = [
        {"name": t["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name(owner, t, number)}}
        for t in templates
    ]
    names = {v["name"] for v in volumes}
    volumes += [v for v in pod["spec"].get("volumes") or () if v["name"] not in names]
    pod["spec"]["volumes"] = volumes


def new_claim(owner: Obj, template: Obj, number: int) -> Obj:
    """The claim of one template for one ordinal."""
    source = template["metadata"]
    labels = {**(source.get("labels") or {}), **(owner["spec"]["selector"].get("matchLabels") or {})}
    metadata: dict[str, Any] = {
        "name": claim_name(owner, template, number),
        "namespace": owner["metadata"]["namespace"],
    }
    if labels:
        metadata["labels"] = labels
    if source.get("annotations"):
        metadata["annotations"] = dict(source["annotations"])
    if retention(owner, "whenDeleted") == "Delete":
        metadata["ownerReferences"] = [meta.owner_reference(owner)]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": deep(template["spec"]),
        "status": {"phase": "Pending"},
    }


def retention(owner: Obj, when: str) -> str:
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return str(policy.get(when, "Retain"))


def claim_owners(owner: Obj, pod: Obj, claim: Obj, *, condemned: bool) -> list[Obj] | None:
    """The owner references that a claim should have, None if it has them: the set's where it goes with the set, the
    pod's where the pod is scaled away and the claim with it."""
    scaled = retention(owner, "whenScaled") == "Delete"
    wanted = {
        owner["metadata"]["uid"]: retention(owner, "whenDeleted") == "Delete" and not (scaled and condemned),
        pod["metadata"]["uid"]: scaled and condemned,
    }
    have: list[Obj] = claim["metadata"].get("ownerReferences") or []
    uids = {reference["uid"] for reference in have}
    if all((uid in uids) == value for uid, value in wanted.items()):
        return None
    others = [reference for reference in have if reference["uid"] not in wanted]
    whose = [each for each in (owner, {"apiVersion": "v1", "kind": "Pod", **pod}) if wanted[each["metadata"]["uid"]]]
    return [*others, *(meta.owner_reference(each) for each in whose)]


def has_identity(owner: Obj, pod: Obj) -> bool:
    parent, number = parent_and_ordinal(pod)
    labels = pod["metadata"].get("labels") or {}
    return (
        number >= 0
        and parent == owner["metadata"]["name"]
        and labels.get(POD_NAME) == pod["metadata"]["name"]
        and labels.get(POD_INDEX) == str(number)
    )
