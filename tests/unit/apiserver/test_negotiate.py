"""Which form an Accept header asks for."""

from __future__ import annotations

import pytest

from clusters.apiserver.negotiate import body_type, choose, choose_stream
from clusters.machinery.errors import NotAcceptable, UnsupportedMediaType

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def test_choose_takes_json_by_default():
    assert choose("").plain
    assert choose("*/*").plain
    assert choose("application/*").plain


def test_choose_prefers_the_first_that_can_be_met():
    form = choose(f"{TABLE},application/json")
    assert (form.kind, form.version) == ("Table", "v1")
    assert choose("application/json;as=Table;v=v9;g=meta.k8s.io,application/json").plain


def test_choose_follows_quality_before_order():
    assert choose("application/json;q=0.5,application/yaml;q=0.9").media_type == "application/yaml"


def test_choose_passes_over_protobuf_when_json_is_offered_too():
    assert choose("application/vnd.kubernetes.protobuf,application/json").plain


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Table;v=v9;g=meta.k8s.io",
        "application/json;as=Pod;v=v1;g=x",
        "text/html",
    ],
)
def test_choose_refuses_what_cannot_be_written(accept):
    with pytest.raises(NotAcceptable, match="only the following media types are accepted: application/json"):
        choose(accept)


def test_choose_refuses_tables_of_what_has_none():
    with pytest.raises(NotAcceptable):
        choose(TABLE, tables=False)


def test_choose_streams_json_only():
    assert choose_stream("application/json;stream=watch").plain
    for accept in ("application/yaml", "application/yaml,application/json"):
        with pytest.raises(NotAcceptable, match="accepted: application/json;stream=watch, application/vnd"):
            choose_stream(accept)


def test_body_type_knows_three_forms_and_refuses_the_rest():
    assert body_type("") == "application/json"
    assert body_type("application/json; charset=utf-8") == "application/json"
    assert body_type("application/yaml") == "application/yaml"
    assert body_type("application/vnd.kubernetes.protobuf") == "application/vnd.kubernetes.protobuf"
    with pytest.raises(UnsupportedMediaType, match="the body of the request was in an unknown format"):
        body_type("text/plain")
