import json

import pytest

from clusters.machinery import decode, schema
from clusters.machinery.errors import BadRequest

JSON, YAML = "application/json", "application/yaml"


def type_of(kind, api_version="v1"):
    group, _, version = api_version.rpartition("/")
    return schema.definitions().type(schema.definitions().name(group, version, kind))


def decoded(body, kind="Pod", api_version="v1", media=JSON, validation=decode.WARN):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    type_ = type_of(kind, api_version)
    return decode.decode(data, media, type_, field_validation=validation, api_version=api_version, kind=kind)


def refused(*args, **kwargs):
    with pytest.raises(BadRequest) as error:
        decoded(*args, **kwargs)
    return error.value.message


def pod(**spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}


# -- identity ---------------------------------------------------------------------------------------------


def test_kind_and_version_may_be_left_out():
    assert decoded({"metadata": {"name": "a"}}).obj == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"apiVersion":',
            'couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":)',
        ),
        (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (
            b"[]",
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct "
            '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
        ),
        (
            b'{"kind":5}',
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of "
            'type string ({"kind":5})',
        ),
        (b'{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'),
        (
            b'{"metadata":{"name":"a-very-long-name",}}',
            "couldn't get version/kind; json parse error: invalid character '}' looking for beginning of object key "
            'string ({"metadata":{"name":"a-very-lo ...)',
        ),
    ],
)
def test_bodies_that_are_no_objects(body, message):
    assert refused(body) == f"the object provided is unrecognized (must be of type Pod): {message}"


def test_bodies_of_another_kind():
    assert refused({"apiVersion": "v1", "kind": "Widget"}) == (
        'Widget in version "v1" cannot be handled as a Pod: no kind "Widget" is registered for version "v1" in scheme '
        '"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
    )
    assert refused({"apiVersion": "v1", "kind": "Service"}) == (
        'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion'
    )


def test_bodies_of_another_version():
    body = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"}
    assert refused(body, "HorizontalPodAutoscaler", "autoscaling/v2") == (
        "the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)"
    )


# -- types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"metadata": {"labels": {"a": True}}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            pod(containers={"name": "c"}),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            pod(containers=[{"image": 5}]),
            "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
        ),
        (
            pod(containers=[{"imagePullPolicy": []}]),
            "json: cannot unmarshal array into Go struct field Container.spec.containers.imagePullPolicy of type "
            "v1.PullPolicy",
        ),
        (
            pod(terminationGracePeriodSeconds="3"),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
        ),
        (
            pod(hostNetwork="yes"),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        ({"spec": []}, "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec"),
        (
            {"metadata": {"labels": "x"}},
            "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            pod(containers=[{"ports": [{"containerPort": 99999999999}]}]),
            "json: cannot unmarshal number 99999999999 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            pod(containers=[{"resources": {"limits": {"cpu": "1x"}}}]),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            pod(containers=[{"livenessProbe": {"httpGet": {"port": True}}}]),
            "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port "
            "of type int32",
        ),
        (
            {"metadata": {"creationTimestamp": "yesterday"}},
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            {"metadata": {"creationTimestamp": "2024-13-01T00:00:00Z"}},
            'parsing time "2024-13-01T00:00:00Z": month out of range',
        ),
    ],
)
def test_values_of_the_wrong_type(body, message):
    assert refused(body) == f'Pod in version "v1" cannot be handled as a Pod: {message}'


def test_numbers_are_shown_as_they_were_written():
    body = b'{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":1.50}}'
    assert refused(body, "Deployment", "apps/v1") == (
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.50 into Go '
        "struct field DeploymentSpec.spec.replicas of type int32"
    )


def test_base64_is_checked_and_normalised():
    obj = decoded({"data": {"a": "aGVs\nbG8="}}, "Secret").obj
    assert obj["data"] == {"a": "aGVsbG8="}
    text = refused({"data": {"a": "a?b="}}, "Secret")
    assert text.endswith("illegal base64 data at input byte 1")


# -- unknown and duplicate fields -------------------------------------------------------------------------

TYPOS = {
    "metadata": {"name": "a", "lables": {}},
    "spec": {"contaners": [], "containers": [{"name": "c", "imagePullpolicy": "Always"}]},
}
FOUND = [
    'unknown field "metadata.lables"',
    'unknown field "spec.contaners"',
    'unknown field "spec.containers[0].imagePullpolicy"',
]


def test_unknown_fields_are_refused_named_or_ignored():
    prefix = 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
    assert refused(TYPOS, validation=decode.STRICT) == prefix + ", ".join(FOUND)
    assert decoded(TYPOS, validation=decode.WARN).warnings == FOUND
    ignored = decoded(TYPOS, validation=decode.IGNORE)
    assert ignored.warnings == []
    assert ignored.obj["spec"] == {"containers": [{"name": "c"}]}


def test_duplicate_fields_are_named_in_order_and_the_last_counts():
    body = b'{"metadata":{"name":"a","name":"b"},"data":{"k":"1","k":"2"},"x":1}'
    done = decoded(body, "ConfigMap")
    assert done.warnings == ['duplicate field "metadata.name"', 'duplicate field "data.k"', 'unknown field "x"']
    assert done.obj["metadata"]["name"] == "b"
    assert done.obj["data"] == {"k": "2"}


def test_duplicates_below_unknown_fields_are_not_looked_at():
    assert decoded(b'{"x":{"a":1,"a":2}}', "ConfigMap").warnings == ['unknown field "x"']


def test_escaped_quotes_in_values_are_no_duplicates():
    text = json.dumps({"metadata": {"annotations": {"last": '{"a":1,"a":2}\n'}}}).encode()
    assert decoded(text).warnings == []


def test_strict_errors_are_limited():
    body = {f"x{i}": 1 for i in range(300)}
    assert len(decoded(body).warnings) == 100


def test_yaml_bodies():
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\nfoo: bar\ndata:\n  k: a\n  k: b\n"
    assert refused(body, "ConfigMap", media=YAML, validation=decode.STRICT) == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n'
        '  line 8: key "k" already set in map, unknown field "foo"'
    )
    assert decoded(body, "ConfigMap", media=YAML, validation=decode.IGNORE).obj["data"] == {"k": "b"}


# -- the round trip ---------------------------------------------------------------------------------------


def test_nulls_and_dropped_zeros_go_and_pointers_to_zero_stay():
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"replicas": 0, "paused": False, "minReadySeconds": 0, "selector": None, "template": {"metadata": {}}},
    }
    obj = decoded(body, "Deployment", "apps/v1").obj
    assert obj["spec"] == {"replicas": 0, "template": {"metadata": {}}}


def test_empty_collections_go_unless_they_mean_something():
    obj = decoded(pod(containers=[], volumes=[], nodeSelector={}, securityContext={})).obj
    assert obj["spec"] == {"containers": [], "securityContext": {}}


def test_nulls_in_maps_and_lists_become_zeros():
    assert decoded({"data": {"a": None}}, "ConfigMap").obj["data"] == {"a": ""}
    assert decoded(pod(containers=[{"args": [None, "x"]}])).obj["spec"]["containers"][0]["args"] == ["", "x"]


def test_quantities_and_times_become_canonical():
    obj = decoded(pod(containers=[{"resources": {"limits": {"cpu": 0.5, "memory": "1024Ki"}}}])).obj
    assert obj["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Mi"}
    body = {"metadata": {"creationTimestamp": "2024-01-02T03:04:05.678+02:00"}}
    assert decoded(body).obj["metadata"]["creationTimestamp"] == "2024-01-02T01:04:05Z"


def test_micro_times_keep_their_six_digits():
    lease = {"spec": {"renewTime": "2024-01-02T03:04:05.678900Z"}}
    assert decoded(lease, "Lease", "coordination.k8s.io/v1").obj["spec"]["renewTime"] == "2024-01-02T03:04:05.678900Z"
    lease = {"spec": {"renewTime": "2024-01-02T03:04:05Z"}}
    assert 'as ".000000"' in refused(lease, "Lease", "coordination.k8s.io/v1")


# -- custom resources -------------------------------------------------------------------------------------

WIDGET = schema.from_openapi(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "a": {"type": "integer"},
                    "n": {"type": "string", "nullable": True},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        },
    },
    "Widget",
)


def widget(body, validation=decode.WARN):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode.decode(data, JSON, WIDGET, field_validation=validation, api_version="example.com/v1", kind="Widget")


def test_custom_resources_are_pruned_and_their_unknown_fields_sorted():
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "nope": 1},
        "top": 1,
        "spec": {"a": "not checked here", "b": 2, "n": None, "free": {"x": {"y": 1}}},
    }
    done = widget(body)
    assert done.warnings == ['unknown field "metadata.nope"', 'unknown field "spec.b"', 'unknown field "top"']
    assert done.obj["spec"] == {"a": "not checked here", "n": None, "free": {"x": {"y": 1}}}
    assert done.obj["metadata"] == {"name": "w"}


def test_custom_resources_must_say_what_they_are():
    with pytest.raises(BadRequest) as error:
        widget(b'{"metadata": {"name": "a"}}')
    assert error.value.message == (
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in "
        '\'{"metadata": {"name": "a"}}\' ({"metadata": {"name": "a"}})'
    )
    with pytest.raises(BadRequest) as error:
        widget({"apiVersion": "example.com/v9", "kind": "Widget"})
    assert error.value.message == (
        "the API version in the data (example.com/v9) does not match the expected API version (example.com/v1)"
    )


def test_metadata_of_custom_resources_is_typed():
    with pytest.raises(BadRequest) as error:
        widget({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"labels": {"a": 1}}})
    assert error.value.message.endswith(
        "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
    )


def test_depth_is_limited():
    inner = b'{"not":' * 800 + b"{}" + b"}" * 800
    body = b'{"spec":{"versions":[{"schema":{"openAPIV3Schema":' + inner + b"}}]}}"
    assert "exceeded max depth" in refused(body, "CustomResourceDefinition", "apiextensions.k8s.io/v1")
