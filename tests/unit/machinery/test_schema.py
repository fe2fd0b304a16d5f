import pytest

from clusters.machinery import schema

CORE = "io.k8s.api.core.v1."


@pytest.fixture(scope="module")
def types():
    return schema.definitions()


def test_types_are_found_by_name_and_by_kind(types):
    assert types.name("apps", "v1", "Deployment") == "io.k8s.api.apps.v1.Deployment"
    assert types.name("", "v1", "Nope") is None
    assert types.type(CORE + "Pod").go == "v1.Pod"
    with pytest.raises(KeyError):
        types.type(CORE + "Nope")
    with pytest.raises(KeyError):
        types.type("io.k8s.apimachinery.pkg.api.resource.Quantity")


def test_merge_keys_and_list_types(types):
    containers = types.type(CORE + "PodSpec").field("containers")
    assert containers.strategies == ("merge",)
    assert containers.merge_key == "name"
    assert (containers.type.list_type, containers.type.keys) == ("map", ("name",))
    volumes = types.type(CORE + "PodSpec").field("volumes")
    assert volumes.strategies == ("merge", "retainKeys")
    finalizers = types.type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").field("finalizers")
    assert finalizers.type.list_type == "set"


def test_keys_of_lists_have_defaults(types):
    ports = types.type(CORE + "Container").field("ports").type
    assert ports.defaults == {"protocol": "TCP"}


def test_scalars_have_their_kinds(types):
    container = types.type(CORE + "Container")
    limits = types.type(CORE + "ResourceRequirements").field("limits").type
    assert limits.values.kind == schema.QUANTITY
    assert types.type(CORE + "ServicePort").field("targetPort").type.kind == schema.INT_OR_STRING
    assert types.type(CORE + "PodStatus").field("startTime").type.kind == schema.TIME
    assert types.type(CORE + "Secret").field("data").type.values.kind == schema.BYTES
    assert container.field("stdin").type.kind == schema.BOOL


def test_atomic_structs_and_overrides(types):
    assert types.type(CORE + "ObjectReference").atomic
    assert not types.type(CORE + "PersistentVolumeSpec").field("claimRef").type.atomic
    assert types.type(CORE + "PodSpec").field("nodeSelector").type.atomic


def test_types_may_refer_to_themselves(types):
    props = types.type("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    assert props.field("properties").type.values is props


@pytest.mark.parametrize(
    ("struct", "field", "drop", "zero"),
    [
        ("apps.v1.DeploymentSpec", "replicas", False, schema.ABSENT),
        ("apps.v1.DeploymentSpec", "paused", True, schema.ABSENT),
        ("apps.v1.DeploymentSpec", "selector", False, None),
        ("apps.v1.DeploymentSpec", "strategy", False, {}),
        ("apps.v1.ReplicaSetStatus", "replicas", False, 0),
        ("core.v1.Container", "resources", False, {}),
        ("core.v1.Container", "securityContext", False, schema.ABSENT),
        ("core.v1.Container", "args", True, schema.ABSENT),
        ("core.v1.PersistentVolumeClaimSpec", "storageClassName", False, schema.ABSENT),
        ("core.v1.PodSpec", "nodeName", True, schema.ABSENT),
        ("core.v1.PodCondition", "lastProbeTime", False, None),
        ("core.v1.PodStatus", "startTime", False, schema.ABSENT),
        ("core.v1.ResourceFieldSelector", "divisor", False, "0"),
        ("core.v1.EndpointPort", "name", True, schema.ABSENT),
        ("discovery.v1.EndpointPort", "name", False, schema.ABSENT),
        ("rbac.v1.Role", "rules", False, None),
    ],
)
def test_what_is_written_of_unset_and_zero_fields(types, struct, field, drop, zero):
    found = types.type("io.k8s.api." + struct).field(field)
    assert (found.drop, found.zero) == (drop, zero)


def test_custom_types_take_their_lists_maps_and_identity_from_the_schema():
    custom = schema.from_openapi(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["size"],
                    "properties": {
                        "size": {"type": "integer"},
                        "port": {"x-kubernetes-int-or-string": True},
                        "items": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["id", "kind"],
                            "items": {
                                "type": "object",
                                "properties": {"id": {"type": "string"}, "kind": {"type": "string", "default": "k"}},
                            },
                        },
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    },
                }
            },
        },
        "Widget",
    )
    assert custom.loose
    assert custom.field("metadata").type.go == "v1.ObjectMeta"
    spec = custom.field("spec").type
    assert spec.field("size").required
    assert spec.field("port").type.kind == schema.INT_OR_STRING
    assert spec.field("items").type.keys == ("id", "kind")
    assert spec.field("items").type.defaults == {"kind": "k"}
    assert spec.field("labels").type.kind == schema.MAP
    assert spec.field("free").type.extra is schema.DEDUCED


def test_a_custom_type_without_schema_knows_all_fields():
    assert schema.from_openapi(None, "Widget").extra is schema.DEDUCED
