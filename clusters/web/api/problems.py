"""Errors of the REST API: RFC 9457 problem objects."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TypedDict

import orjson
from django.http import HttpResponse


class FieldProblem(TypedDict):
    field: str
    message: str


class Problem(Exception):
    """An answer that is not a success; `detail` is a sentence for people, `errors` say which field is wrong."""

    def __init__(self, status: int, detail: str, *, errors: Sequence[FieldProblem] = (), retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.retry_after = retry_after

    @classmethod
    def invalid(cls, field: str, message: str) -> Problem:
        """One wrong field."""
        return cls(422, f"{field}: {message}" if field else message, errors=[{"field": field, "message": message}])

    def response(self) -> HttpResponse:
        body: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        answer = HttpResponse(orjson.dumps(body), status=self.status, content_type="application/problem+json")
        if self.retry_after:
            answer["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            answer["WWW-Authenticate"] = "Bearer"
        return answer
