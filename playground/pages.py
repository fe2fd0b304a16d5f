"""The one HTML page: what the frontend's build made, for `/` and `/clusters/NAME`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

_NOT_BUILT = (
    "<!doctype html><title>Cluster Playground</title><p>The frontend is not built yet. "
    "Run <code>make build</code> (or <code>make run</code>, which does it) and reload."
)
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    file = settings.FRONTEND_DIST / "index.html"
    try:
        body = file.read_text()
    except FileNotFoundError:
        return HttpResponse(_NOT_BUILT, status=503)
    response = HttpResponse(body, headers={"Cache-Control": "no-cache"})
    response["Content-Security-Policy"] = _POLICY
    return response
