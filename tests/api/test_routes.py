"""What is refused before a handler looks: media types, methods, paths."""

from __future__ import annotations

import gzip
import json

import pytest

CMS = "/api/v1/namespaces/default/configmaps"
TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (CMS, f"{TYPES}, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"),
        (f"{CMS}/a", TYPES),
        ("/api/v1", TYPES),
    ],
)
@pytest.mark.parametrize("accept", ["text/plain", "application/xml", "application/*"])
def test_an_answer_in_another_form_is_not_acceptable(api, path, shown, accept):
    status, body = api.ask("GET", path, headers={"accept": accept})
    assert status == 406
    assert body["message"] == f"406: Not Acceptable\n\nAvailable representations: {shown}"
    assert body["details"] == {}


def test_a_patch_of_an_unknown_media_type_stops_at_the_router(api):
    status, body = api.ask("PATCH", f"{CMS}/a", {}, headers={"content-type": "application/json"})
    assert (status, body["message"]) == (415, "415: Unsupported Media Type")


def test_a_body_of_an_unknown_media_type_stops_at_the_handler(api):
    status, body = api.ask("POST", CMS, b"x", headers={"content-type": "text/plain"})
    assert status == 415
    assert body["message"] == (
        f"the body of the request was in an unknown format - accepted media types include: {TYPES}"
    )


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        (
            CMS,
            "PartialObjectMetadata",
            "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
        ),
        (
            f"{CMS}/a",
            "PartialObjectMetadataList",
            "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)",
        ),
    ],
)
def test_metadata_of_a_list_is_not_that_of_an_object(api, path, kind, message):
    api.create(CMS, {"metadata": {"name": "a"}})
    status, body = api.ask("GET", path, headers={"accept": f"application/json;as={kind};v=v1;g=meta.k8s.io"})
    assert (status, body["message"]) == (406, message)


@pytest.mark.parametrize(
    ("accepted", "size", "encoding"),
    [
        ("gzip", 200_000, "gzip"),
        ("br, gzip", 200_000, "gzip"),
        ("br", 200_000, None),
        ("gzip;q=0", 200_000, None),
        ("gzip", 1_000, None),
    ],
)
def test_large_answers_are_compressed_for_who_can_read_them(api, accepted, size, encoding):
    api.create(CMS, {"metadata": {"name": "a"}, "data": {"k": "x" * size}})
    answer = api.raw("GET", f"{CMS}/a", headers={"accept-encoding": accepted})
    assert dict(answer.headers).get("Content-Encoding") == encoding
    body = gzip.decompress(answer.body) if encoding else answer.body
    assert len(json.loads(body)["data"]["k"]) == size


@pytest.mark.parametrize(
    ("agent", "query", "lines"),
    [
        ("curl/8.5.0", {}, 11),
        ("Mozilla/5.0 (X11)", {}, 11),
        ("kubectl/v1.36.0", {}, 1),
        ("curl/8.5.0", {"pretty": "false"}, 1),
        ("kubectl/v1.36.0", {"pretty": "true"}, 11),
        ("kubectl/v1.36.0", {"pretty": "yes"}, 1),
    ],
)
def test_people_get_indented_answers(api, agent, query, lines):
    answer = api.raw("GET", f"{CMS}/nope", headers={"user-agent": agent}, **query)
    assert len(answer.body.splitlines()) >= lines if lines > 1 else answer.body.count(b"\n") == 1


ALWAYS = ["/", "/apis", "/apis/apps", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3"]


@pytest.mark.parametrize("path", ALWAYS)
def test_what_has_no_router_answers_a_head_like_a_get(api, path):
    assert api.raw("HEAD", path).status == 200


@pytest.mark.parametrize("path", [CMS, "/api", "/api/v1", "/apis/apps/v1", "/version", "/api/v1/nodes/a/status"])
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_a_router_knows_no_other_methods_than_it_has_routes_for(api, method, path):
    answer = api.raw(method, path)
    assert answer.status == 405
    assert b"the server does not allow this method on the requested resource" in answer.body


@pytest.mark.parametrize("path", ["/nope", "/apis/example.com/v1/widgets", "/apis/example.com", "/healthz/nope"])
def test_where_no_router_is_responsible_the_answer_is_text(api, path):
    answer = api.raw("GET", path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_playground_keeps_for_itself_has_no_route(api, method):
    answer = api.raw(method, "/apis/playground.dev/v1/machines", {} if method == "POST" else None)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_a_timeout_that_is_none_is_refused(api):
    status, body = api.ask("GET", CMS, timeout="5")
    assert (status, body["message"]) == (
        400,
        'invalid timeout specified in the request URL - time: missing unit in duration "5"',
    )
    assert api.ask("GET", CMS, timeout="5s")[0] == 200


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{CMS}/a%b", "Name parameter invalid: \"a%b\": may not contain '%'"),
        (f"{CMS}/..", "Name parameter invalid: \"..\": may not be '..'"),
        ("/api/v1/namespaces/a%b/pods", "Namespace parameter invalid: \"a%b\": may not contain '%'"),
    ],
)
def test_what_cannot_be_a_name_is_refused(api, path, message):
    status, body = api.ask("GET", path)
    assert (status, body["message"]) == (400, message)


def test_a_flood_of_warnings_is_cut(api):
    body = {"metadata": {"name": "a"}, **{f"{'x' * 300}{i}": 1 for i in range(200)}}
    answer = api.raw("POST", CMS, body)
    warnings = [value for name, value in answer.headers if name == "Warning"]
    assert answer.status == 201
    assert len(warnings) == 16
    assert all(len(w) < 280 for w in warnings)


def test_the_hash_of_the_stored_version_is_that_of_what_is_stored(api):
    def hashes(path):
        return {r["name"]: r.get("storageVersionHash") for r in api.get(path)["resources"]}

    core = hashes("/api/v1")
    assert core["configmaps"] == "qFsyl6wFWjQ="
    assert core["componentstatuses"] is None
    assert hashes("/apis/events.k8s.io/v1")["events"] == core["events"] == "r2yiGXH7wu8="
