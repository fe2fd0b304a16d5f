"""Query parameters as options, and their refusals."""

from __future__ import annotations

import pytest

from clusters.apiserver.http import Query
from clusters.apiserver.params import DeleteParams, ListOptions, WriteParams
from clusters.machinery.errors import BadRequest, Invalid


def test_list_options_are_read():
    opts = ListOptions.parse(
        Query("limit=5&continue=abc&labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&timeoutSeconds=3")
    )
    assert (opts.limit, opts.continue_, opts.timeout) == (5, "abc", 3)
    assert opts.labels is not None
    assert opts.labels.text() == "a=b"
    assert opts.fields is not None
    assert opts.fields.text() == "metadata.name=x"


@pytest.mark.parametrize("text", ["x", "1.5", "", "--1"])
def test_a_number_that_is_none_is_refused_in_go_words(text):
    query = Query(f"limit={text}")
    if not text:
        assert ListOptions.parse(query).limit == 0
        return
    with pytest.raises(BadRequest) as refusal:
        ListOptions.parse(query)
    assert refusal.value.message == f'strconv.ParseInt: parsing "{text}": invalid syntax'


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "resourceVersionMatch=Exact",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            "resourceVersion=5&resourceVersionMatch=Sideways",
            'resourceVersionMatch: Unsupported value: "Sideways": supported values: "Exact", "NotOlderThan", ""',
        ),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        (
            "watch=1&resourceVersion=5&resourceVersionMatch=NotOlderThan",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (
            "watch=1&sendInitialEvents=true",
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
    ],
)
def test_combinations_of_revision_parameters_are_refused(query, message):
    with pytest.raises(Invalid) as refusal:
        ListOptions.parse(Query(query))
    assert refusal.value.message == f'ListOptions.meta.k8s.io "" is invalid: {message}'


def test_write_params_are_read():
    params = WriteParams.parse(Query("dryRun=All&fieldManager=m&fieldValidation=Strict"), "CreateOptions")
    assert (params.dry_run, params.manager, params.validation) == (True, "m", "Strict")
    assert params.raw == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "dryRun": ["All"],
        "fieldManager": "m",
        "fieldValidation": "Strict",
    }


@pytest.mark.parametrize(
    ("query", "kind", "apply", "message"),
    [
        ("dryRun=Some", "CreateOptions", False, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        (
            "fieldValidation=x",
            "UpdateOptions",
            False,
            'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ("force=true", "PatchOptions", False, "force: Forbidden: may not be specified for non-apply patch"),
        ("", "PatchOptions", True, "fieldManager: Required value: is required for apply patch"),
        ("fieldManager=" + "x" * 129, "CreateOptions", False, "fieldManager: Too long: may not be more than 128 bytes"),
        (
            "fieldManager=a%00",
            "CreateOptions",
            False,
            'fieldManager: Invalid value: "a\\x00": invalid character U+0000 (at position 1)',
        ),
    ],
)
def test_write_params_are_refused(query, kind, apply, message):
    with pytest.raises(Invalid) as refusal:
        WriteParams.parse(Query(query), kind, apply=apply)
    assert refusal.value.message == f'{kind}.meta.k8s.io "" is invalid: {message}'


def test_delete_options_come_from_the_body_or_else_from_the_query():
    query = Query("gracePeriodSeconds=3&propagationPolicy=Orphan&orphanDependents")
    with pytest.raises(Invalid, match="orphanDependents and deletionPropagation cannot be both set"):
        DeleteParams.parse(query, None)
    assert DeleteParams.parse(query, {"gracePeriodSeconds": 5}).raw == {"gracePeriodSeconds": 5}
    assert DeleteParams.parse(Query("gracePeriodSeconds=3"), None).raw == {"gracePeriodSeconds": 3}
