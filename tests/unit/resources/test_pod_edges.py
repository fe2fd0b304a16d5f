"""Pods at the edges of the rules: features that are off, annotations of old, subresources, what a status may tell."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects, container, pod, workload

Cause = tuple[str, str, str]
APPARMOR = "container.apparmor.security.beta.kubernetes.io/c"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
COST = "controller.kubernetes.io/pod-deletion-cost"
MIRROR = {"kubernetes.io/config.mirror": "x"}


def status_refused(status: Obj, **spec: Any) -> list[Cause]:
    objects = Objects()
    stored = objects.create(pod(**spec))
    return objects.patch_refused(stored, {"status": status}, subresource="status")


def volume(**source: Any) -> Obj:
    return {"name": "v", **source}


# what is dropped


def test_projections_of_features_that_are_off_are_dropped() -> None:
    sources = [
        {"clusterTrustBundle": {"name": "x", "path": "p"}, "configMap": {"name": "m"}},
        {"podCertificate": {"signerName": "a.b/c"}},
    ]
    objects = Objects()
    stored = objects.create(pod(volumes=[volume(projected={"sources": sources})]))
    assert stored["spec"]["volumes"][0]["projected"]["sources"] == [{"configMap": {"name": "m"}}, {}]
    assert objects.warnings == ['volume "v" (Projected) has no sources provided']


@pytest.mark.parametrize(
    ("hooks", "kept"), [({}, None), ({"preStop": {"sleep": {"seconds": 1}}}, {"preStop": {"sleep": {"seconds": 1}}})]
)
def test_stop_signals_are_dropped(hooks: Obj, kept: Obj | None) -> None:
    lifecycle = {**hooks, "stopSignal": "SIGUSR1"}
    stored = Objects().create(pod(containers=[container(lifecycle=lifecycle)], os={"name": "linux"}))
    assert stored["spec"]["containers"][0].get("lifecycle") == kept


def test_init_containers_of_old_annotations_are_forgotten() -> None:
    annotations = {"pod.beta.kubernetes.io/init-containers": "[]", "a": "b"}
    assert Objects().create(pod(meta={"annotations": annotations}))["metadata"]["annotations"] == {"a": "b"}
    template = {"metadata": {"annotations": annotations, "labels": {"app": "w"}}, "spec": {"containers": [container()]}}
    stored = Objects().create(
        workload("Deployment") | {"spec": workload("Deployment")["spec"] | {"template": template}}
    )
    assert stored["spec"]["template"]["metadata"]["annotations"] == {"a": "b"}


def test_a_status_keeps_no_fields_of_features_that_are_off() -> None:
    objects = Objects()
    stored = objects.create(pod())
    mounts = [{"name": "v", "mountPath": "/v", "volumeStatus": {"image": {"imageRef": "x"}}}]
    status = {
        "nodeAllocatableResourceClaimStatuses": [{"resourceClaimName": "c"}],
        "containerStatuses": [{"name": "c", "stopSignal": "SIGTERM", "volumeMounts": mounts}],
    }
    kept = objects.patch(stored, {"status": status}, subresource="status")["status"]
    assert "nodeAllocatableResourceClaimStatuses" not in kept
    assert "stopSignal" not in kept["containerStatuses"][0]
    assert kept["containerStatuses"][0]["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]


def test_a_key_of_an_environment_file_is_needed_unless_told_otherwise() -> None:
    ref = {"volumeName": "v", "path": "p", "key": "k"}
    variables = [{"name": "A", "valueFrom": {"fileKeyRef": ref}}]
    stored = Objects().create(pod(containers=[container(env=variables)], volumes=[volume(emptyDir={})]))
    assert stored["spec"]["containers"][0]["env"][0]["valueFrom"] == {"fileKeyRef": {**ref, "optional": False}}


# annotations


@pytest.mark.parametrize(
    ("value", "profile", "warned"),
    [
        ("unconfined", {"type": "Unconfined"}, True),
        ("localhost/x", {"type": "Localhost", "localhostProfile": "x"}, True),
        ("runtime/default", None, False),
        ("", None, True),
    ],
)
def test_an_apparmor_annotation_becomes_the_field(value: str, profile: Obj | None, warned: bool) -> None:
    objects = Objects()
    context = {"appArmorProfile": {"type": "RuntimeDefault"}} if value == "runtime/default" else {}
    stored = objects.create(pod(meta={"annotations": {APPARMOR: value}}, securityContext=context))
    assert (stored["spec"]["containers"][0].get("securityContext") or {}).get("appArmorProfile") == profile
    text = f'metadata.annotations[{APPARMOR}]: deprecated since v1.30; use the "appArmorProfile" field instead'
    assert objects.warnings == ([text] if warned else [])


def test_apparmor_means_nothing_on_windows() -> None:
    objects = Objects()
    stored = objects.create(pod(meta={"annotations": {APPARMOR: "unconfined"}}, os={"name": "windows"}))
    assert "securityContext" not in stored["spec"]["containers"][0]
    assert objects.warnings == []


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("", []),
        ("null", []),
        ('[{"operator":"Exists"}]', []),
        (
            "[",
            [("metadata.annotations", f'Invalid value: "{TOLERATIONS}": unexpected end of JSON input')],
        ),
        (
            "{}",
            [
                (
                    "metadata.annotations",
                    f'Invalid value: "{TOLERATIONS}": json: cannot unmarshal object into Go value of type'
                    " []core.Toleration",
                )
            ],
        ),
        (
            '[{"key":"a","effect":"X"}]',
            [
                (
                    f"metadata.annotations.{TOLERATIONS}[0].effect",
                    'Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
                )
            ],
        ),
    ],
)
def test_tolerations_in_an_annotation_are_checked(text: str, causes: list[tuple[str, str]]) -> None:
    found = Objects().refused(pod(meta={"annotations": {TOLERATIONS: text}}))
    assert [cause[1:] for cause in found] == causes


def test_static_pods_have_no_resource_claims() -> None:
    claims = [{"name": "a", "resourceClaimName": "x"}, {"name": "a"}]
    found = Objects().refused(pod(meta={"annotations": MIRROR}, nodeName="n", resourceClaims=claims))
    assert [cause[1:] for cause in found] == [("[]", "Forbidden: static pods do not support resource claims")] * 2


@pytest.mark.parametrize(
    ("subresource", "text"),
    [
        ("ephemeralcontainers", "static pods do not support ephemeral containers"),
        ("resize", "static pods cannot be resized"),
    ],
)
def test_static_pods_are_refused_with_one_word(subresource: str, text: str) -> None:
    objects = Objects()
    stored = objects.create(pod(meta={"annotations": MIRROR}, nodeName="n"))
    change = {"spec": {"ephemeralContainers": [{"name": "C_"}]}}
    found = objects.patch_refused(stored, change, subresource=subresource)
    assert found == [("FieldValueForbidden", "[]", f"Forbidden: {text}")]


def test_windows_pods_are_not_resized() -> None:
    objects = Objects()
    stored = objects.create(pod(os={"name": "windows"}))
    found = objects.patch_refused(stored, {"spec": {}}, subresource="resize")
    assert found == [("FieldValueForbidden", "[]", "Forbidden: windows pods cannot be resized")]


def test_a_container_with_claims_is_not_resized() -> None:
    objects = Objects()
    resources = {"requests": {"cpu": "1"}, "claims": [{"name": "gpu"}]}
    claims = [{"name": "gpu", "resourceClaimName": "x"}]
    stored = objects.create(pod(containers=[container(resources=resources)], resourceClaims=claims))
    change = [container(resources={**resources, "requests": {"cpu": "2"}})]
    found = objects.patch_refused(stored, {"spec": {"containers": change}}, subresource="resize")
    assert [cause[1:] for cause in found] == [("spec", "Forbidden: only cpu and memory resources are mutable")]


# containers and volumes


def test_init_containers_with_rules_need_a_policy_and_nothing_else_is_said() -> None:
    rules = [{"action": "X"}]
    text = "Required value: must specify restartPolicy when restart rules are used"
    found = Objects().refused(pod(initContainers=[container(name="i", restartPolicyRules=rules)]))
    assert [cause[1:] for cause in found] == [("spec.initContainers[0].restartPolicy", text)]
    found = Objects().refused(pod(containers=[container(restartPolicyRules=rules)]))
    assert [cause[1] for cause in found] == [
        "spec.containers[0].restartPolicy",
        "spec.containers[0].restartPolicyRules[0].action",
        "spec.containers[0].restartPolicyRules[0].exitCodes",
    ]


def test_ephemeral_containers_have_no_probes_not_even_empty_ones() -> None:
    objects = Objects()
    stored = objects.create(pod())
    added = [{"name": "e", "image": "i", "livenessProbe": {}, "lifecycle": {}, "resources": {}}]
    found = objects.patch_refused(stored, {"spec": {"ephemeralContainers": added}}, subresource="ephemeralcontainers")
    text = "Forbidden: cannot be set for an Ephemeral Container"
    assert [cause[1:] for cause in found] == [
        ("spec.ephemeralContainers[0].livenessProbe", text),
        ("spec.ephemeralContainers[0].lifecycle", text),
    ]


@pytest.mark.parametrize(
    ("registry", "good"),
    [
        ("host:80", True),
        ("[::1]:80,host:", True),
        (":80", True),
        ("host", False),
        ("a:1:2", False),
        ("::1", False),
        ("[::1]", False),
        ("[::1:80", False),
        ("host:80,", False),
        ("[a]b:80", False),
    ],
)
def test_a_quobyte_registry_is_a_list_of_hosts_with_ports(registry: str, good: bool) -> None:
    found = Objects().refused(pod(volumes=[volume(quobyte={"registry": registry, "volume": "q"})]))
    text = "must be a host:port pair or multiple pairs separated by commas"
    assert [cause[1:] for cause in found] == (
        [] if good else [("spec.volumes[0].quobyte.registry", f'Invalid value: "{registry}": {text}')]
    )


def test_what_a_pod_is_warned_of_volumes_and_addresses() -> None:
    objects = Objects()
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1500m"}}}
    objects.create(
        pod(
            volumes=[volume(ephemeral={"volumeClaimTemplate": {"spec": claim}})],
            dnsConfig={"nameservers": ["2001:DB8::1"]},
            hostAliases=[{"ip": "2001:0db8::1"}],
        )
    )
    at = "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]"
    assert objects.warnings == [
        f'{at}: fractional byte value "1500m" is invalid, must be an integer',
        'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format'
        ' ("2001:db8::1")',
        'spec.hostAliases[0].ip: IPv6 address "2001:0db8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ]


def test_metadata_of_a_claim_template_is_labels_and_annotations() -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
    template = {"metadata": {"uid": "x", "labels": {"a": "b"}}, "spec": claim}
    found = Objects().refused(pod(volumes=[volume(ephemeral={"volumeClaimTemplate": template})]))
    at = "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID"
    assert [cause[1:] for cause in found] == [(at, "Forbidden: cannot be set")]


# gates


def test_a_gated_pod_shows_since_when() -> None:
    (condition,) = Objects().create(pod(schedulingGates=[{"name": "a/b"}]))["status"]["conditions"]
    assert condition["reason"] == "SchedulingGated"
    assert condition["lastTransitionTime"] is not None


def test_terms_of_a_gated_pod_only_grow() -> None:
    def affinity(*expressions: Obj) -> Obj:
        terms = [{"matchExpressions": list(expressions)}]
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}

    one, two = {"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}
    objects = Objects()
    stored = objects.create(pod(schedulingGates=[{"name": "a/b"}], affinity=affinity(one)))
    found = objects.patch_refused(stored, {"spec": {"affinity": affinity(two)}})
    at = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    shown = '{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}'
    assert [cause[1:] for cause in found] == [
        (f"{at}[0]", f"Invalid value: {shown}: only additions are allowed (no mutations or deletions)")
    ]
    assert objects.patch(stored, {"spec": {"affinity": affinity(one, two)}})["spec"]["affinity"] == affinity(one, two)
    found = objects.patch_refused(stored, {"spec": {"affinity": None}})
    text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
    assert [cause[1:] for cause in found] == [(at, f"Invalid value: null: {text}")]


# deletion cost


def test_a_deletion_cost_is_a_number() -> None:
    objects = Objects()
    stored = objects.create(pod(meta={"annotations": {COST: "1"}}))
    found = objects.patch_refused(stored, {"metadata": {"annotations": {COST: "x"}}})
    # An update is looked at as a Pod and as a change of annotations.
    text = 'Invalid value: "x": must be a 32bit integer'
    assert [cause[1:] for cause in found] == [(f"metadata.annotations[{COST}]", text)] * 2


# status


def test_a_status_tells_of_users_that_there_can_be() -> None:
    user = {"linux": {"uid": -1, "gid": 1 << 31, "supplementalGroups": [1, -2]}}
    text = "must be between 0 and 2147483647, inclusive"
    at = "status.containerStatuses[0].user.linux"
    status = {"containerStatuses": [{"name": "c", "user": user}]}
    assert [cause[1:] for cause in status_refused(status)] == [
        (f"{at}.uid", f"Invalid value: -1: {text}"),
        (f"{at}.gid", f"Invalid value: 2147483648: {text}"),
        (f"{at}.supplementalGroups[1]", f"Invalid value: -2: {text}"),
    ]
    assert [cause[1:] for cause in status_refused(status, os={"name": "windows"})] == [
        (at, "Forbidden: cannot be set for a windows pod")
    ]


def test_a_status_tells_of_the_health_of_what_was_asked_for() -> None:
    units = [
        {"resourceID": "a", "health": "Fine"},
        {"resourceID": "a", "health": "Healthy", "message": ""},
        {"resourceID": "b", "health": "Unknown", "message": "x" * 1025},
    ]
    given = [
        {"name": "claim:gpu", "resources": []},
        {"name": "claim:gpu/one", "resources": []},
        {"name": "memory", "resources": units},
    ]
    resources = {"requests": {"cpu": "1"}, "claims": [{"name": "gpu", "request": "one"}]}
    status = {
        "containerStatuses": [{"name": "c", "allocatedResourcesStatus": given}],
        "ephemeralContainerStatuses": [{"name": "e", "allocatedResourcesStatus": given}],
    }
    found = status_refused(
        status,
        containers=[container(resources=resources)],
        resourceClaims=[{"name": "gpu", "resourceClaimName": "x"}],
    )
    at = "status.containerStatuses[0].allocatedResourcesStatus"
    claim = (
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or"
        " 'claim:<claimName>' if request is empty"
    )
    supported = 'supported values: "Healthy", "Unhealthy", "Unknown"'
    assert [cause[1:] for cause in found] == [
        (f"{at}[0].name", f'Invalid value: "claim:gpu": {claim}'),
        (f"{at}[2].name", 'Invalid value: "memory": must match one of the container\'s resource requests'),
        (f"{at}[2].resources[0].health", f'Unsupported value: "Fine": {supported}'),
        (f"{at}[2].resources[1].message", "Required value: must be non-empty if specified"),
        (f"{at}[2].resources[1].resourceID", 'Duplicate value: "a"'),
        (f"{at}[2].resources[2].message", "Too long: may not be more than 1024 bytes"),
        (
            "status.ephemeralContainerStatuses[0].allocatedResourcesStatus",
            "Forbidden: must not be specified in container status",
        ),
    ]


def test_a_status_tells_which_request_stands_for_which_resource() -> None:
    resources = {"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}}
    good = {"containerName": "c", "resourceName": "example.com/gpu", "requestName": "r"}
    mappings = [good, good, {**good, "containerName": "x"}, {**good, "resourceName": "cpu"}]
    status = {"extendedResourceClaimStatus": {"requestMappings": mappings, "resourceClaimName": "C_"}}
    at = "status.extendedResourceClaimStatus"
    found = status_refused(status, containers=[container(resources=resources)])
    assert [cause[1] for cause in found] == [
        f"{at}.requestMappings[1].containerName",
        f"{at}.requestMappings[1].resourceName",
        f"{at}.requestMappings[1].requestName",
        f"{at}.requestMappings[2].containerName",
        f"{at}.requestMappings[3].resourceName",
        f"{at}.resourceClaimName",
    ]
    empty = status_refused({"extendedResourceClaimStatus": {}})
    assert [cause[1:] for cause in empty] == [
        (f"{at}.requestMappings", "Required value: at least one request mapping is required"),
        (f"{at}.resourceClaimName", "Required value"),
    ]


def test_a_status_with_odd_addresses_is_warned_of() -> None:
    objects = Objects()
    stored = objects.create(pod())
    status = {"hostIP": "fd00:0::1", "hostIPs": [{"ip": "fd00:0::1"}], "podIPs": [{"ip": "FD00::2"}]}
    objects.patch(stored, {"status": status}, subresource="status")
    assert objects.warnings == [
        'status.podIPs[0].ip: IPv6 address "FD00::2" should be in RFC 5952 canonical format ("fd00::2")',
        'status.hostIPs[0].ip: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")',
    ]
