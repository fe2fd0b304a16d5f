"""Custom resources over HTTP: from the definition that is established to what its objects may be."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.apiserver.http import Response
from clusters.apiserver.server import ApiServer
from tests.support.apiclient import Api

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "example.com"
ITEMS = f"/apis/{GROUP}/v1/namespaces/default/widgets"
SPEC = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "maximum": 10, "default": 3},
        "mode": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed"}]},
        "replicas": {"type": "integer"},
    },
}
STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def version(name: str = "v1", *, storage: bool = True, spec: dict[str, Any] = SPEC, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": spec, "status": STATUS}}
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}, **more}


def definition(*versions: dict[str, Any], **names: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", **names},
            "versions": list(versions or (version(),)),
        },
    }


def establish(api: Api, body: dict[str, Any]) -> None:
    status, made = api.ask("POST", CRDS, body)
    assert status == 201, made


def widget(name: str = "w", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def widgets(api: Api) -> Api:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    selectable = [{"jsonPath": ".spec.mode"}]
    one = version(
        subresources={"status": {}, "scale": scale}, additionalPrinterColumns=columns, selectableFields=selectable
    )
    establish(api, definition(one, shortNames=["wd"], categories=["all"]))
    return api


def test_a_definition_is_established_at_once(api: Api) -> None:
    made = api.ask("POST", CRDS, definition())[1]
    assert made["status"]["conditions"] is None
    status = api.get(f"{CRDS}/widgets.{GROUP}")["status"]
    assert {c["type"]: c["status"] for c in status["conditions"]} == {"NamesAccepted": "True", "Established": "True"}
    assert status["acceptedNames"]["listKind"] == "WidgetList"


def test_nothing_is_served_under_names_that_are_taken(api: Api) -> None:
    establish(api, definition())
    other = definition(singular="widget")
    other["metadata"]["name"], other["spec"]["names"]["plural"] = f"gizmos.{GROUP}", "gizmos"
    establish(api, other)
    answer = api.raw("GET", ITEMS.replace("widgets", "gizmos"))
    assert isinstance(answer, Response)
    assert answer.status == 404


def test_discovery_knows_the_resource_and_its_subresources(widgets: Api) -> None:
    listed = widgets.get(f"/apis/{GROUP}/v1")["resources"]
    assert [r["name"] for r in listed] == ["widgets", "widgets/scale", "widgets/status"]
    assert listed[0]["shortNames"] == ["wd"]
    assert GROUP in [g["name"] for g in widgets.get("/apis")["groups"]]
    assert "com.example.v1.Widget" in widgets.get(f"/openapi/v3/apis/{GROUP}/v1")["components"]["schemas"]


def test_objects_are_pruned_defaulted_and_warned_of(widgets: Api) -> None:
    status, made = widgets.ask("POST", ITEMS, widget(colour="red"))
    assert status == 201
    assert made["spec"] == {"size": 3}
    strict, refusal = widgets.ask("POST", ITEMS, widget("x", colour="red"), fieldValidation="Strict")
    assert strict == 400
    assert 'unknown field "spec.colour"' in refusal["message"]


def test_objects_are_validated(widgets: Api) -> None:
    status, refusal = widgets.ask("POST", ITEMS, widget(size=11))
    assert status == 422
    assert refusal["message"] == (
        'Widget.example.com "w" is invalid: spec.size: Invalid value: 11: spec.size in body should be less than or'
        " equal to 10"
    )


def test_transition_rules_hold(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget(mode="a"))
    patch = {"content-type": "application/merge-patch+json"}
    status, refusal = widgets.ask("PATCH", f"{ITEMS}/w", {"spec": {"mode": "b"}}, headers=patch)
    assert status == 422
    assert 'spec.mode: Invalid value: "b": fixed' in refusal["message"]


def test_status_is_written_apart(widgets: Api) -> None:
    made = widgets.ask("POST", ITEMS, {**widget(), "status": {"a": 1}})[1]
    assert "status" not in made
    made["status"], made["spec"] = {"a": 2}, {"size": 9}
    written = widgets.ask("PUT", f"{ITEMS}/w/status", made)[1]
    assert (written["status"], written["spec"], written["metadata"]["generation"]) == ({"a": 2}, {"size": 3}, 1)


def test_scale_is_found_by_its_paths(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget(replicas=2))
    assert widgets.get(f"{ITEMS}/w/scale")["spec"] == {"replicas": 2}
    patch = {"content-type": "application/merge-patch+json"}
    status, refusal = widgets.ask("PATCH", f"{ITEMS}/w/scale", {"spec": {"replicas": -1}}, headers=patch)
    assert status == 422
    assert ".spec.replicas: Invalid value: -1: should be a non-negative integer" in refusal["message"]
    assert widgets.ask("PATCH", f"{ITEMS}/w/scale", {"spec": {"replicas": 5}}, headers=patch)[0] == 200
    assert widgets.get(f"{ITEMS}/w")["spec"]["replicas"] == 5


def test_tables_have_the_columns_of_the_definition(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget(size=4))
    table = widgets.get(ITEMS, headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["w", 4]


def test_selectable_fields_select(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget("a", mode="x"))
    widgets.ask("POST", ITEMS, widget("b", mode="y"))
    found = widgets.get(ITEMS, fieldSelector="spec.mode=y")["items"]
    assert [o["metadata"]["name"] for o in found] == ["b"]
    assert widgets.ask("GET", ITEMS, fieldSelector="spec.size=3")[0] == 400


def test_another_kind_is_refused_by_its_own_name(widgets: Api) -> None:
    status, refusal = widgets.ask("POST", ITEMS, {**widget(), "kind": "Gizmo"})
    assert status == 422
    assert refusal["message"] == 'Gizmo.example.com "w" is invalid: kind: Invalid value: "Gizmo": must be Widget'


def test_a_default_that_comes_later_is_seen_on_reading(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget())
    current = widgets.get(f"{CRDS}/widgets.{GROUP}")
    properties = current["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["mode"]["default"] = "late"
    assert widgets.ask("PUT", f"{CRDS}/widgets.{GROUP}", current)[0] == 200
    found = widgets.get(f"{ITEMS}/w")
    assert found["spec"] == {"size": 3, "mode": "late"}
    assert found["metadata"]["generation"] == 1


def test_versions_share_objects(api: Api) -> None:
    two = {"type": "object", "properties": {"size": {"type": "integer"}, "extra": {"type": "string", "default": "e"}}}
    establish(api, definition(version(), version("v2", storage=False, spec=two, deprecated=True)))
    v2 = ITEMS.replace("/v1/", "/v2/")
    answer = api.raw("POST", v2, {**widget(size=1, extra="x"), "apiVersion": f"{GROUP}/v2"})
    assert ("Warning", f'299 - "{GROUP}/v2 Widget is deprecated"') in [(k, v) for k, v in answer.headers]  # type: ignore[union-attr]
    assert api.get(f"{v2}/w")["spec"] == {"size": 1}
    assert api.get(f"{ITEMS}/w")["apiVersion"] == f"{GROUP}/v1"
    assert api.get(f"/apis/{GROUP}")["preferredVersion"]["version"] == "v2"


def test_apply_knows_the_keys_of_list_maps(api: Api) -> None:
    item = {"type": "object", "required": ["k"], "properties": {"k": {"type": "integer"}, "v": {"type": "string"}}}
    lists = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    establish(api, definition(version(spec={"type": "object", "properties": {"l": lists}})))
    apply = {"content-type": "application/apply-patch+yaml"}
    api.ask("PATCH", f"{ITEMS}/w", widget(l=[{"k": 1, "v": "a"}]), headers=apply, fieldManager="one")
    status, both = api.ask("PATCH", f"{ITEMS}/w", widget(l=[{"k": 2, "v": "b"}]), headers=apply, fieldManager="two")
    assert status == 200
    assert both["spec"]["l"] == [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}]
    status, refusal = api.ask("PATCH", f"{ITEMS}/w", widget(l=[{"k": 1, "v": "c"}]), headers=apply, fieldManager="two")
    assert status == 409
    assert refusal["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.l[k=1].v'


def test_a_terminating_definition_takes_nothing_new(widgets: Api) -> None:
    widgets.ask("POST", ITEMS, widget())
    status, marked = widgets.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    assert status == 200
    assert marked["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert widgets.ask("POST", ITEMS, widget("late"))[0] == 405
    assert widgets.get(f"{ITEMS}/w")["spec"] == {"size": 3}


def test_a_server_that_starts_serves_what_is_defined(server: ApiServer, widgets: Api) -> None:
    from clusters.registry.cache import WatchCache
    from clusters.registry.registry import Registry
    from clusters.registry.resources import ResourceMap
    from clusters.resources.catalog import BUILTIN

    known = server.cluster.registry
    resources = ResourceMap(BUILTIN)
    Registry(WatchCache(known.cache.store), resources, known.admission, known.clock, known.rng)
    assert resources.get(f"widgets.{GROUP}") is not None


def test_openapi_offers_no_strategic_patch(widgets: Api) -> None:
    path = widgets.get(f"/openapi/v3/apis/{GROUP}/v1")["paths"][
        f"/apis/{GROUP}/v1/namespaces/{{namespace}}/widgets/{{name}}"
    ]
    media = path["patch"]["requestBody"]["content"]
    assert "application/merge-patch+json" in media
    assert not any("strategic" in m for m in media)


@pytest.mark.parametrize("end", ["unserved", "deleted", "changed"])
def test_watches_end_when_what_they_watch_is_served_anew_or_no_more(widgets: Api, end: str) -> None:
    watching, other = widgets.watch(ITEMS), widgets.watch("/api/v1/configmaps")
    path = f"{CRDS}/widgets.{GROUP}"
    if end == "deleted":
        widgets.ask("DELETE", path)
        widgets.patch("json", path, [{"op": "remove", "path": "/metadata/finalizers"}])
    else:
        where = "served" if end == "unserved" else "deprecated"
        widgets.patch("json", path, [{"op": "add", "path": f"/spec/versions/0/{where}", "value": end != "unserved"}])
    assert (watching.events(), watching.ended) == ([], True)
    assert (other.events(), other.ended) == ([], False)


def test_watches_go_on_while_nothing_about_the_definition_changes(widgets: Api) -> None:
    watching = widgets.watch(ITEMS)
    widgets.patch("merge", f"{CRDS}/widgets.{GROUP}", {"metadata": {"labels": {"a": "b"}}})
    widgets.create(ITEMS, widget())
    assert watching.names() == [("ADDED", "w")]


def test_a_head_of_a_custom_resource_is_a_get_without_its_body(widgets: Api) -> None:
    widgets.create(ITEMS, widget())
    assert widgets.raw("HEAD", f"{ITEMS}/w").status == 200
    assert widgets.raw("HEAD", f"{ITEMS}/nope").status == 404


def test_an_unknown_method_on_a_custom_resource_has_no_verb(widgets: Api) -> None:
    status, body = widgets.ask("OPTIONS", ITEMS)
    assert status == 405
    assert body["message"] == f' is not supported on resources of kind "widgets.{GROUP}"'


def test_an_item_that_lacks_its_key_cannot_be_applied(api: Api) -> None:
    item = {
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "integer"}, "n": {"type": "string"}},
    }
    ports = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"]}
    establish(api, definition(version(spec={"type": "object", "properties": {"ports": ports}})))
    status, body = api.patch("apply", f"{ITEMS}/w", widget(ports=[{"n": "x"}]), fieldManager="m")
    assert status == 500
    assert body["message"].endswith(
        '.spec.ports: element 0: associative list with keys has an element that omits key field "port" '
        "(and doesn't have default value)"
    )


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        ({"kind": "Foo"}, 'kind: Invalid value: "Foo": must be Widget'),
        ({"apiVersion": f"{GROUP}/v9"}, f"request to convert CR from an invalid group/version: {GROUP}/v9"),
    ],
)
def test_a_patch_may_not_make_another_kind_of_a_custom_resource(widgets: Api, patch: Any, problem: str) -> None:
    widgets.create(ITEMS, widget())
    status, body = widgets.patch("merge", f"{ITEMS}/w", patch)
    assert status == 422
    assert problem in body["message"]


def test_an_apply_that_changes_nothing_leaves_the_stored_object_alone(widgets: Api) -> None:
    for _ in range(3):
        status, body = widgets.patch("apply", f"{ITEMS}/w", widget(size=2), fieldManager="m")
        assert status in (200, 201)
    status, after = widgets.patch("merge", f"{ITEMS}/w/status", {"status": {"ready": True}})
    assert status == 200, after
    assert int(after["metadata"]["resourceVersion"]) > int(body["metadata"]["resourceVersion"])
