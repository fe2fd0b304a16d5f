"""The shell, tools, files and network that `kubectl exec` meets in a simulated container."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from typing import Any

import pytest

from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.files import Layer
from clusters.components.kubelet.console.network import ClusterNetwork
from clusters.components.kubelet.console.session import NotStarted, Session
from clusters.components.kubelet.script import limits
from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.types import Obj

BORN = "2026-01-01T00:00:00Z"
NOW = parse_rfc3339("2026-01-01T00:01:40Z")


class Objects:
    """A Lookup over a few objects."""

    def __init__(self, **objects: list[Obj]) -> None:
        self._objects = {"endpointslices.discovery.k8s.io": objects.pop("slices", []), **objects}

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        found = [o for o in self.list(resource, namespace or None) if o["metadata"]["name"] == name]
        return found[0] if found else None

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        every = self._objects.get(resource, [])
        return [o for o in every if namespace is None or o["metadata"].get("namespace") == namespace]


def pod(name: str, ip: str, **container: Any) -> Obj:
    spec = {"name": "main", "image": "busybox", **container}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "labels": {"app": name}},
        "spec": {"nodeName": "node-1", "containers": [spec], "volumes": container.pop("volumes", [])},
        "status": {
            "podIP": ip,
            "containerStatuses": [
                {"name": "main", "containerID": f"containerd://{name}", "state": {"running": {"startedAt": BORN}}}
            ],
        },
    }


def service(name: str, ip: str, port: int, target: int, *backends: str, born: str = BORN) -> tuple[Obj, Obj]:
    meta = {"name": name, "namespace": "shop", "creationTimestamp": born}
    found = {"metadata": meta, "spec": {"clusterIP": ip, "ports": [{"port": port}]}}
    piece = {
        "metadata": {"name": f"{name}-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"port": target}],
        "endpoints": [
            {"addresses": [b], "conditions": {"ready": True}, "hostname": f"h{i}"} for i, b in enumerate(backends)
        ],
    }
    return found, piece


WEB, WEB_SLICE = service("web", "10.96.0.7", 8080, 80, "10.244.0.3")
EMPTY, EMPTY_SLICE = service("empty", "10.96.0.8", 80, 80)
PEERS, PEERS_SLICE = service("peers", "None", 80, 80, "10.244.0.3", "10.244.0.4", born="2026-01-01T00:00:30Z")
BOX = pod(
    "box",
    "10.244.0.2",
    command=["sleep", "3600"],
    env=[
        {"name": "GREETING", "value": "hello  world"},
        {"name": "FULL", "value": "$(GREETING)!$$(X)"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}},
    ],
    envFrom=[{"secretRef": {"name": "keys"}, "prefix": "KEY_"}],
    volumeMounts=[{"name": "conf", "mountPath": "/etc/app"}],
)
BOX["spec"]["volumes"] = [{"name": "conf", "configMap": {"name": "settings"}}]
GONE = pod("gone", "10.244.0.3", image="busybox")
GONE["status"]["phase"] = "Succeeded"
OBJECTS = Objects(
    pods=[GONE, BOX, pod("ng", "10.244.0.3", image="nginx:1.27"), pod("db", "10.244.0.4", image="redis:7")],
    services=[WEB, EMPTY, PEERS],
    slices=[WEB_SLICE, EMPTY_SLICE, PEERS_SLICE],
    configmaps=[
        {"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"level": "info"}}
    ],
    secrets=[{"kind": "Secret", "metadata": {"name": "keys", "namespace": "shop"}, "data": {"a": "czNjcjN0"}}],
)


class Run:
    """A session that is driven to its end, or to where it waits for input."""

    def __init__(
        self,
        command: list[str],
        stdin: bytes | None = None,
        *,
        tty: bool = False,
        layer: Layer | None = None,
        name: str = "box",
    ) -> None:
        found = OBJECTS.get("pods", "shop", name)
        assert found is not None
        container = Container(found, "main", OBJECTS, lambda _pod, _source: "token", layer or Layer())
        self.now = NOW
        self.session = Session(
            container, ClusterNetwork(OBJECTS), command, now=NOW, stdin=stdin is not None or tty, tty=tty
        )
        self.output: list[tuple[int, bytes]] = []
        if stdin is not None:
            self.session.feed(stdin)
            self.session.end_input()
        self.go()

    def go(self, turns: int = 300) -> None:
        for _ in range(turns):
            self.session.advance(self.now)
            self.output += self.session.take()
            due = self.session.due
            if self.session.code is not None or due is None:
                return
            self.now = max(self.now, due)

    def type(self, keys: bytes) -> str:
        """What the screen shows in answer."""
        self.output.clear()
        self.session.feed(keys)
        self.session.advance(self.now)
        self.output += self.session.take()
        return self.out

    @property
    def out(self) -> str:
        return b"".join(d for c, d in self.output if c == 1).decode()

    @property
    def err(self) -> str:
        return b"".join(d for c, d in self.output if c == 2).decode()

    @property
    def code(self) -> int | None:
        return self.session.code


def sh(script: str, **more: Any) -> Run:
    return Run(["sh", "-c", script], **more)


@pytest.mark.parametrize(
    ("script", "out"),
    [
        ("echo a b", "a b\n"),
        ("echo $GREETING; echo \"$GREETING\"; echo '$GREETING'", "hello world\nhello  world\n$GREETING\n"),
        ("echo ${NONE:-none} ${GREETING%% *} ${#POD} ${POD#b}", "none hello 3 ox\n"),
        ("false && echo no || echo yes", "yes\n"),
        ("true; echo $?; false; echo $?", "0\n1\n"),
        ("for i in 1 2 3; do [ $i = 2 ] && continue; echo n$i; done", "n1\nn3\n"),
        ("x=3; while [ $x -gt 0 ]; do x=$((x - 1)); done; echo $x", "0\n"),
        ("if test -f /nope; then echo a; elif true; then echo b; else echo c; fi", "b\n"),
        ("echo $(echo inner | tr a-z A-Z) `echo tick`", "INNER tick\n"),
        ("(cd /tmp; pwd); pwd", "/tmp\n/\n"),
        ("printf 'c\\na\\nb\\n' | sort | head -n 2 | wc -l", "2\n"),
        ("seq 1 4 | grep -v 2 | tail -n1", "4\n"),
        ("echo key=value | cut -d= -f2; echo abc | sed 's/b/X/'", "value\naXc\n"),
        ("echo lost > /dev/null; echo err >&2; nosuch 2>/dev/null; echo $?", "127\n"),
        ("echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f | wc -l; rm /tmp/f; ls /tmp", "2\n"),
        ("set -- x y; echo $# $2; shift; echo $1", "2 y\ny\n"),
        ("cd /etc && ls host*", "hostname\nhosts\n"),
        ("until [ -f /tmp/go ]; do touch /tmp/go; done; echo gone", "gone\n"),
        ("echo '#no comment' # a comment", "#no comment\n"),
        ("echo $((7 / 2)) $((1 << 4)) $((3 > 2 ? 10 : 20)) $(( (1 + 2) * 3 ))", "3 16 10 9\n"),
        ("f() { local x=in; echo $x $1; return 4; }; x=out; f a b; echo $? $x $#", "in a\n4 out 0\n"),
        ("function g { echo $#; }\ng 1 2 3", "3\n"),
        ("for w in start 7 x; do case $w in st*|go) echo a ;; [0-9]) echo b ;; *) echo c; esac; done", "a\nb\nc\n"),
        ('cat <<EOF\n$LEVEL "$((1+1))"\nEOF\necho end', 'info "2"\nend\n'),
        ("cat <<'EOF' | tr a-z A-Z\n$LEVEL\nEOF\n", "$LEVEL\n"),
        ("cat <<-E\n\ttabs\n\tE\nread a b <<< '1 2'; echo $b", "tabs\n2\n"),
        (
            "[[ abc == a* && ! 1 -gt 2 ]] && echo yes; [[ web-12 =~ -([0-9]+)$ ]] && echo ${BASH_REMATCH[1]}",
            "yes\n12\n",
        ),
        ("a=(x 'y z'); a+=(w); echo ${#a[@]} ${a[1]}; for e in \"${a[@]}\"; do echo $e; done", "3 y z\nx\ny z\nw\n"),
        ("for ((i = 0; i < 2; i++)); do echo $i; done; (( i > 1 )) && echo $i", "0\n1\n2\n"),
        (
            "s=a.b.c; echo ${s//./-} ${s/./_} ${s:2} ${s:0:1} ${s^^}; r=s; echo ${!r}",
            "a-b-c a_b.c b.c a A.B.C\na.b.c\n",
        ),
        ("trap 'echo bye' EXIT; echo hi; exit 0", "hi\nbye\n"),
        ("echo 'echo $1 $2' > /tmp/s; sh /tmp/s a b; set -- c d; . /tmp/s", "a b\nc d\n"),
        (
            "echo a,b | { IFS=, read x y; echo $y; }; IFS=:; for p in ${PATH#*:}; do echo $p; break; done",
            "b\n/usr/local/bin\n",
        ),
        ("mkdir /tmp/d && echo 1 > /tmp/d/f && tar cf - -C /tmp d | tar xf - -C /opt && cat /opt/d/f", "1\n"),
        ("tar czf /tmp/t.tgz /etc/hostname 2>/dev/null; tar tf /tmp/t.tgz", "etc/hostname\n"),
    ],
)
def test_shell_does_what_a_shell_does(script: str, out: str) -> None:
    run = sh(script)
    assert (run.out, run.code) == (out, 0)


def test_bash_expands_braces_and_names_what_is_missing() -> None:
    run = Run(["bash", "-c", "echo {1..3} a{b,c}d {x}; nosuch"], name="db")
    assert (run.out, run.err) == ("1 2 3 abd acd {x}\n", "bash: nosuch: command not found\n")


def test_archive_cannot_leave_its_folder() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/evil"), io.BytesIO())
    run = Run(["tar", "xf", "-", "-C", "/tmp"], made.getvalue())
    assert run.code == 2
    assert "contains '..'" in run.err


def test_exit_code_is_the_scripts() -> None:
    assert sh("exit 3").code == 3
    assert sh("false").code == 1
    assert sh("set -e; false; echo never").out == ""
    assert sh("if").code == 2
    assert "unexpected end of file" in sh("if true; then").err


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("foo", 'exec: "foo": executable file not found in $PATH'),
        ("bash", 'exec: "bash": executable file not found in $PATH'),
        ("/opt/run", 'exec: "/opt/run": stat /opt/run: no such file or directory'),
        ("/etc/passwd", 'exec: "/etc/passwd": permission denied'),
        ("", 'exec: "": executable file not found in $PATH'),
    ],
)
def test_what_is_not_there_is_not_started(command: str, why: str) -> None:
    with pytest.raises(NotStarted) as caught:
        Run([command])
    assert str(caught.value) == why


def test_environment_holds_what_the_pod_says_and_the_services_of_its_start() -> None:
    lines = dict(line.partition("=")[::2] for line in Run(["env"]).out.splitlines())
    assert lines["HOSTNAME"] == lines["POD"] == "box"
    assert (lines["LEVEL"], lines["KEY_a"], lines["FULL"]) == ("info", "s3cr3t", "hello  world!$(X)")
    assert lines["WEB_SERVICE_HOST"] == "10.96.0.7"
    assert lines["WEB_PORT_8080_TCP"] == "tcp://10.96.0.7:8080"
    assert "PEERS_SERVICE_HOST" not in lines


def test_volumes_are_files_that_cannot_be_written() -> None:
    run = sh("cat /etc/app/level; echo x > /etc/app/level; echo y > /etc/app/new")
    assert run.out == "info"
    assert run.err.count("Read-only file system") == 2


def test_kubelets_files_are_there() -> None:
    run = Run(["cat", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"])
    assert run.out.startswith("box\n# Kubernetes-managed hosts file.\n")
    assert "10.244.0.2\tbox\n" in run.out
    assert "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\n" in run.out


def test_written_files_outlive_the_session() -> None:
    layer = Layer()
    sh("mkdir -p /data/a; echo kept > /data/a/f; rm /etc/passwd", layer=layer)
    assert sh("cat /data/a/f; ls /etc/passwd", layer=layer).out == "kept\n"
    assert sh("ls /data").code != 0


def test_sleep_takes_virtual_time() -> None:
    run = sh("date +%s; sleep 90; date +%s")
    before, after = map(int, run.out.split())
    assert after - before == 90
    assert run.now - NOW == 90 * SECOND


def test_interactive_shell_prompts_echoes_and_remembers() -> None:
    run = Run(["sh"], tty=True)
    assert run.out == "/ # "
    assert run.type(b"cd /tm\x7f\x7ftmp\r") == "cd /tm\x08 \x08\x08 \x08tmp\r\n/tmp # "
    assert run.type(b"x=5; echo $x\r") == "x=5; echo $x\r\n5\r\n/tmp # "
    assert run.type(b"for i in a b\r").endswith("\r\n> ")
    assert run.type(b"do echo $i; done\r").endswith("a\r\nb\r\n/tmp # ")
    assert run.type(b"sleep 100\r") == "sleep 100\r\n"
    assert run.type(b"\x03") == "^C\r\n/tmp # "
    assert run.type(b"echo $?\r").splitlines()[1] == "130"
    run.type(b"exit 4\r")
    assert run.code == 4


def test_end_of_input_ends_a_shell() -> None:
    run = Run(["sh"], tty=True)
    run.type(b"false\r")
    run.type(b"\x04")
    assert run.code == 1
    assert Run(["sh"], b"echo one\nif true\nthen echo two\nfi\n").out == "one\ntwo\n"


def test_cat_answers_line_by_line() -> None:
    run = Run(["cat"], tty=True)
    assert run.type(b"hi\r") == "hi\r\nhi\r\n"


def test_services_answer_with_their_containers_pages() -> None:
    assert "<h1>Welcome to nginx!</h1>" in Run(["wget", "-qO-", "http://web:8080"]).out
    run = Run(["wget", "-qO-", "web:8080/nope"])
    assert (run.err, run.code) == ("wget: server returned error: HTTP/1.1 404 Not Found\n", 1)
    assert Run(["wget", "-O-", "http://empty"]).err.endswith("can't connect to remote host: Connection refused\n")
    assert Run(["wget", "nowhere"]).err.endswith("bad address 'nowhere'\n")
    assert Run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "web.shop:8080"], name="ng").out == "200"


def test_unreachable_address_takes_its_time() -> None:
    run = Run(["curl", "-m", "5", "http://10.9.9.9"], name="ng")
    assert (run.code, run.now - NOW) == (28, 5 * SECOND + 2000)


def test_names_resolve_as_cluster_dns_does() -> None:
    assert "Name:\tweb.shop.svc.cluster.local\nAddress: 10.96.0.7\n" in Run(["nslookup", "web"]).out
    headless = Run(["nslookup", "peers.shop.svc.cluster.local"]).out
    assert headless.count("Address: 10.244.0.") == 2
    assert "Address: 10.244.0.4" in Run(["nslookup", "h1.peers"]).out
    run = Run(["nslookup", "kubernetes.io"])
    assert (run.code, "NXDOMAIN" in run.out) == (1, True)


def test_what_does_not_speak_http_hangs_up() -> None:
    run = Run(["curl", "http://10.244.0.4:6379"], name="ng")
    assert (run.err, run.code) == ("curl: (52) Empty reply from server\n", 52)


@pytest.mark.parametrize(
    "script",
    [
        "while :; do :; done",
        "yes",
        "while true; do echo x; done",
        "x=a; while :; do x=$x$x; done",
        "while :; do echo $RANDOM > /tmp/f$x; x=$((x+1)); done",
    ],
)
def test_endless_work_is_done_in_pieces(script: str) -> None:
    found = OBJECTS.get("pods", "shop", "box")
    assert found is not None
    container = Container(found, "main", OBJECTS, lambda _pod, _source: "", Layer())
    session = Session(container, ClusterNetwork(OBJECTS), ["sh", "-c", script], now=NOW, stdin=False, tty=False)
    for _ in range(10):
        session.advance(NOW)
        assert sum(len(d) for _, d in session.take()) < 2_000_000
    assert container.layer.size() <= limits.LAYER
    session.kill()
    assert session.code == 137


@pytest.mark.parametrize(
    "script",
    [
        "(" * 500,
        "$(" * 500 + "echo" + ")" * 500,
        "eval " * 300 + "'echo x'",
        "f='sh -c \"$f\"'; export f; eval $f",
        "yes | head -c 99999999",
        "for i in $(seq 1 100000); do :; done",
        "echo " + "{} " * 5000,
        "cat /dev/zero; cat /dev/random",
        "echo $((((((((((((((1",
        "'", '"', "`", "${", "$((", "|", "&&", ";;", "> ", "a=(1 2", "case x in", "cat <<EOF\nx", "f() { f; }; f",
        "(( 1 +", "[[ a", "[[ (a ]]", "[[ x =~ ( ]]", "${x[", "echo {1..999999999}", "f() {", "case x in a) ;;",
        "x=(a); x[999999999]=b", "printf x | tar xf -", "tar cf /tmp/a /", "for ((;;)) do break; done",
        "sed 's/(/x/' /etc/hosts", "grep '[' /etc/hosts", "date +%Q", "printf %d%d%d", "tr -d", "head -n x",
    ],
)  # fmt: skip
def test_odd_scripts_end_somehow(script: str) -> None:
    run = sh(script)
    run.go(2000)
    assert run.code is not None


def test_full_layer_says_so() -> None:
    run = sh("seq 1 90000 > /tmp/a; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat /tmp/a > /tmp/b$i; done")
    assert "No space left on device" in run.err


def test_tools_can_be_installed_where_there_is_a_package_manager() -> None:
    layer = Layer()
    script = "curl -s http://web:8080 || echo none; apt-get update -q; apt-get install -y curl procps && which curl ps"
    run = Run(["sh", "-c", script], name="db", layer=layer)
    assert run.out.endswith("/usr/bin/curl\n/usr/bin/ps\n")
    assert run.out.startswith("none\n")
    assert "Welcome to nginx!" in Run(["curl", "-s", "http://web:8080"], name="db", layer=layer).out
    run = Run(["apt-get", "install", "-y", "nosuch"], name="db")
    assert (run.code, run.err) == (100, "E: Unable to locate package nosuch\n")
    assert "apk: not found" in sh("apk add curl").err


def test_redis_keeps_what_it_is_given() -> None:
    layer = Layer()

    def cli(*words: str) -> str:
        return Run(["redis-cli", *words], name="db", layer=layer).out

    network_layer = Run(["redis-cli", "ping"], name="db").out
    assert network_layer == "PONG\n"
    assert cli("nonsense") == "ERR unknown command 'nonsense', with args beginning with: \n"
    assert cli("get") == "ERR wrong number of arguments for 'get' command\n"
    assert cli("config", "get", "maxmemory") == "maxmemory\n0\n"
    assert cli("-h", "nowhere", "ping") == "Could not connect to Redis at nowhere:6379: Name or service not known\n"
    assert Run(["redis-cli", "-p", "81", "ping"], name="db").code == 1
    typed = Run(
        ["redis-cli"], b"set a 'x y'\nget a\nincr n\nlpush l 1 2\nlrange l 0 -1\nkeys *\nget none\nexit\n", name="db"
    )
    assert typed.out == "OK\nx y\n1\n2\n2\n1\na\nl\nn\n\n"
