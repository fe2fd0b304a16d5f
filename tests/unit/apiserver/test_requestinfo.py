"""What a request line means."""

from __future__ import annotations

import pytest

from clusters.apiserver.requestinfo import parse


@pytest.mark.parametrize(
    ("line", "verb", "where"),
    [
        ("GET /api/v1/pods", "list", ("", "v1", "", "pods", "", "")),
        ("GET /api/v1/namespaces/a/pods", "list", ("", "v1", "a", "pods", "", "")),
        ("GET /api/v1/namespaces/a/pods/p", "get", ("", "v1", "a", "pods", "", "p")),
        ("GET /api/v1/namespaces/a/pods/p/log", "get", ("", "v1", "a", "pods", "log", "p")),
        ("POST /api/v1/namespaces/a/pods/p/binding", "create", ("", "v1", "a", "pods", "binding", "p")),
        ("GET /api/v1/namespaces/a", "get", ("", "v1", "a", "namespaces", "", "a")),
        ("PUT /api/v1/namespaces/a/finalize", "update", ("", "v1", "a", "namespaces", "finalize", "a")),
        ("PATCH /api/v1/namespaces/a/status", "patch", ("", "v1", "a", "namespaces", "status", "a")),
        ("GET /api/v1/namespaces", "list", ("", "v1", "", "namespaces", "", "")),
        (
            "DELETE /apis/apps/v1/namespaces/a/deployments",
            "deletecollection",
            ("apps", "v1", "a", "deployments", "", ""),
        ),
        ("DELETE /apis/apps/v1/namespaces/a/deployments/d", "delete", ("apps", "v1", "a", "deployments", "", "d")),
        ("HEAD /api/v1/nodes/n", "get", ("", "v1", "", "nodes", "", "n")),
        ("GET /api/v1/watch/namespaces/a/pods", "watch", ("", "v1", "a", "pods", "", "")),
    ],
)
def test_parse_names_verb_and_resource(line, verb, where):
    method, path = line.split(" ")
    info = parse(method, path)
    assert info.verb == verb
    assert (info.group, info.version, info.namespace, info.resource, info.subresource, info.name) == where


@pytest.mark.parametrize(
    ("query", "verb"),
    [
        ("watch=true", "watch"),
        ("watch=1", "watch"),
        ("watch", "watch"),
        ("watch=false", "list"),
        ("watch=0", "list"),
        ("limit=1", "list"),
    ],
)
def test_parse_tells_watch_from_list_by_the_query(query, verb):
    assert parse("GET", "/api/v1/pods", query).verb == verb


def test_parse_a_named_object_is_watched_by_the_old_path_alone():
    assert parse("GET", "/api/v1/watch/namespaces/a/pods/p").verb == "watch"
    assert parse("GET", "/api/v1/namespaces/a/pods/p", "watch=true").verb == "get"


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("metadata.name=p", "p"),
        ("metadata.name%3D%3Dp,spec.nodeName%3Dn", "p"),
        ("metadata.name!=p", ""),
        ("metadata.name", ""),
        ("metadata.name=a/b", ""),
        ("status.phase=Running", ""),
    ],
)
def test_parse_a_list_of_one_name_is_about_that_one(selector, name):
    info = parse("GET", "/api/v1/namespaces/a/pods", f"fieldSelector={selector}")
    assert (info.verb, info.name, info.named) == ("list", "", name)


@pytest.mark.parametrize(
    "path", ["/", "/version", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/nope/a/b/c", "/healthz/ping"]
)
def test_parse_leaves_other_paths_alone(path):
    info = parse("GET", path)
    assert not info.is_resource
    assert info.verb == "get"
    assert info.path == path


def test_parse_keeps_what_follows_a_proxy():
    info = parse("GET", "/api/v1/namespaces/a/services/http:web:80/proxy/x/y")
    assert (info.subresource, info.name, info.rest) == ("proxy", "http:web:80", "x/y")
