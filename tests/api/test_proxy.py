"""The proxy subresource: a request to what listens in a Pod."""

from __future__ import annotations

import pytest

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
PAGE = (
    b"HTTP/1.1 201 Created\r\nContent-Type: text/html\r\nContent-Length: 5\r\nX-Own: a:b\r\nSet-Cookie: x=1\r\n"
    b"Connection: close\r\n\r\n<b/>\n"
)


class Listening:
    """Answers on port 8080 of every Pod, and remembers what it was sent."""

    def __init__(self, answer: bytes = PAGE) -> None:
        self.answer = answer
        self.sent = b""
        self.asked: list[tuple[str, str, int]] = []
        self.closed = True

    def connect(self, namespace: str, pod: str, port: int) -> Listening:
        self.asked.append((namespace, pod, port))
        if port != 8080:
            raise ConnectionRefusedError
        return self

    def feed(self, data: bytes) -> bytes:
        self.sent += data
        return self.answer


@pytest.fixture
def ports(server, api):
    server.cluster.ports = listening = Listening()
    pod = {
        "metadata": {"name": "proxy-1"},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 8080}]}]},
    }
    api.create(PODS, pod)
    api.patch("merge", f"{PODS}/proxy-1/status", {"status": {"podIP": "10.1.0.9", "podIPs": [{"ip": "10.1.0.9"}]}})
    return listening


def test_a_request_goes_to_the_first_port_and_its_answer_comes_back(api, ports):
    answer = api.raw("POST", f"{PODS}/proxy-1/proxy/a b/c", b"hi", headers={"x-mine": "1"}, q="z")
    assert (answer.status, answer.body, answer.content_type) == (201, b"<b/>\n", "text/html")
    assert ports.asked == [("default", "proxy-1", 8080)]
    head, _, body = ports.sent.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[:2] == ["POST /a%20b/c?q=z HTTP/1.1", "Host: 10.1.0.9:8080"]
    assert "x-mine: 1" in lines
    assert "Content-Length: 2" in lines
    assert not any("authorization" in line.lower() for line in lines)
    assert body == b"hi"


def test_a_page_gets_nothing_of_the_origin(api, ports):
    headers = dict(api.raw("GET", f"{PODS}/proxy-1/proxy/").headers)
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["X-Own"] == "a:b"
    assert "Set-Cookie" not in headers


def test_line_breaks_in_a_path_stay_in_it(api, ports):
    api.raw("GET", f"{PODS}/proxy-1/proxy/x HTTP/1.1\r\nEvil: 1\r\n\r\n")
    assert ports.sent.startswith(b"GET /x%20HTTP/1.1%0D%0AEvil:%201%0D%0A%0D%0A HTTP/1.1\r\nHost: ")


def test_links_are_relative_to_the_page(api, ports):
    answer = api.raw("GET", f"{PODS}/proxy-1/proxy", a="b")
    assert (answer.status, dict(answer.headers)["Location"]) == (301, "proxy/?a=b")


@pytest.mark.parametrize("name", ["proxy-1:81", "http:proxy-1:81"])
def test_where_nobody_listens_the_connection_is_refused(api, ports, name):
    status, body = api.ask("GET", f"{PODS}/{name}/proxy/")
    assert status == 503
    assert body["message"] == "error trying to reach service: dial tcp 10.1.0.9:81: connect: connection refused"


def test_a_service_leads_to_a_ready_pod(api, ports):
    api.create(SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
    piece = {
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [
            {"addresses": ["10.1.0.8"], "conditions": {"ready": False}},
            {
                "addresses": ["10.1.0.9"],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "namespace": "default", "name": "proxy-1"},
            },
        ],
    }
    api.create(SLICES, piece)
    for name in ("web", "web:80", "web:http", "http:web:80"):
        assert api.raw("GET", f"{SERVICES}/{name}/proxy/").status == 201, name
    status, body = api.ask("GET", f"{SERVICES}/web:81/proxy/")
    assert (status, body["message"]) == (503, 'no service port 81 found for service "web"')
    status, body = api.ask("GET", f"{SERVICES}/https:web:80/proxy/")
    assert "does not look like a TLS handshake" in body["message"]


def test_silence_is_an_end(api, ports):
    ports.answer = b""
    status, body = api.ask("GET", f"{PODS}/proxy-1/proxy/")
    assert (status, body["message"]) == (503, "error trying to reach service: EOF")
