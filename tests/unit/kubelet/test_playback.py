"""What a container's tools printed, for `kubectl logs`."""

from __future__ import annotations

from typing import Any

from clusters.components.kubelet.console.playback import Playback
from clusters.components.kubelet.logs import log_lines
from clusters.kernel.clock import SECOND, parse_rfc3339
from tests.unit.kubelet.test_console import Objects

BEGAN = parse_rfc3339("2026-01-01T00:00:00Z")
OBJECTS = Objects(
    configmaps=[{"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"level": "info"}}]
)


def _pod(*command: str, ended: int | None = None, **more: Any) -> dict[str, Any]:
    state: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    if ended is not None:
        moments = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}
        state = {"terminated": {"exitCode": ended, **moments}}
    container = {
        "name": "c",
        "image": "busybox",
        "command": list(command),
        "env": [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}}],
        "volumeMounts": [{"name": "conf", "mountPath": "/etc/app"}],
        **more,
    }
    return {
        "metadata": {"name": "p", "namespace": "shop", "uid": " ".join(command)},
        "spec": {"containers": [container], "volumes": [{"name": "conf", "configMap": {"name": "settings"}}]},
        "status": {"podIP": "10.244.0.9", "containerStatuses": [{"name": "c", "state": state}]},
    }


def _lines(pod: dict[str, Any], seconds: int = 60) -> list[str]:
    return [line.text for line in log_lines(pod, "c", BEGAN + seconds * SECOND, replay=Playback(OBJECTS))]


def test_tools_print_what_they_find() -> None:
    assert "LEVEL=info" in _lines(_pod("sh", "-c", "env", ended=0))
    assert _lines(_pod("sh", "-c", "ls /etc/app; cat /etc/app/level; echo", ended=0)) == ["level", "info"]
    assert _lines(_pod("echo", "$(LEVEL) $(NONE)", ended=0)) == ["info $(NONE)"]


def test_round_of_an_endless_loop_is_printed_again_and_again() -> None:
    script = "echo start; while true; do printenv LEVEL; date; sleep 20; done"
    lines = _lines(_pod("sh", "-c", script), 45)
    assert lines[:2] == ["start", "info"]
    assert lines.count("info") == 3
    assert [line for line in lines if "UTC" in line] == [
        "Thu Jan  1 00:00:00 UTC 2026",
        "Thu Jan  1 00:00:20 UTC 2026",
        "Thu Jan  1 00:00:40 UTC 2026",
    ]


def test_counting_loop_goes_on_counting() -> None:
    lines = _lines(_pod("sh", "-c", "i=0; while true; do echo $i; i=$((i+1)); sleep 1; done"), 5000)
    assert lines[-1] == "5000"


def test_plan_stands_where_the_run_ended_otherwise() -> None:
    assert _lines(_pod("sh", "-c", "echo hi; cat /nowhere", ended=0)) == ["hi"]
    assert _lines(_pod("python3", "-c", "print('x')", ended=0)) == ["x"]


def test_scripts_are_not_run_for_ever() -> None:
    _lines(_pod("sh", "-c", "while true; do env; sleep 0.001; done"), 5)
    _lines(_pod("sh", "-c", "seq 1 100000; ls", ended=0))


def _twins(uid: str, *scripts: str, volume: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Pod of containers with a common volume at /data; the first is an init container."""
    mount = [{"name": "common", "mountPath": "/data"}]
    made = [
        {"name": f"c{i}", "image": "busybox", "command": ["sh", "-c", script], "volumeMounts": mount}
        for i, script in enumerate(scripts)
    ]
    moments = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}
    ended = {"terminated": {"exitCode": 0, **moments}}
    statuses = [{"name": c["name"], "containerID": f"containerd://{uid}{c['name']}", "state": ended} for c in made]
    return {
        "metadata": {"name": uid, "namespace": "shop", "uid": uid},
        "spec": {
            "nodeName": "node-1",
            "initContainers": made[:1],
            "containers": made[1:],
            "volumes": [{"name": "common", **(volume or {"emptyDir": {}})}],
        },
        "status": {"initContainerStatuses": statuses[:1], "containerStatuses": statuses[1:]},
    }


def test_volume_carries_files_from_one_container_to_the_next() -> None:
    pod = _twins("a", "echo one > /data/f; echo own > /tmp/g", "cat /data/f; ls /tmp")
    lines = log_lines(pod, "c1", BEGAN + 60 * SECOND, replay=Playback(OBJECTS))
    assert [line.text for line in lines] == ["one"]


def test_claims_and_nodes_keep_files_for_other_pods_and_pods_do_not() -> None:
    for volume, kept in (
        ({"persistentVolumeClaim": {"claimName": "data"}}, ["one"]),
        ({"hostPath": {"path": "/srv/x"}}, ["one"]),
        ({"emptyDir": {}}, []),
    ):
        playback = Playback(OBJECTS)
        playback.settle(_twins("a", "echo one > /data/f", "true", volume=volume))
        after = _twins("b", "true", "if [ -f /data/f ]; then cat /data/f; fi", volume=volume)
        lines = log_lines(after, "c1", BEGAN + 60 * SECOND, replay=playback)
        assert [line.text for line in lines] == kept


def test_node_shows_what_is_in_its_folders() -> None:
    playback = Playback(OBJECTS)
    playback.settle(
        _twins("a", "mkdir /data/sub; echo one > /data/sub/f", "true", volume={"hostPath": {"path": "/srv"}})
    )
    deeper = _twins("b", "true", "ls /data; cat /data/f", volume={"hostPath": {"path": "/srv/sub"}})
    lines = log_lines(deeper, "c1", BEGAN + 60 * SECOND, replay=playback)
    assert [line.text for line in lines] == ["f", "one"]


def test_hook_that_runs_after_the_start_writes_its_files() -> None:
    playback = Playback(OBJECTS)
    pod = _pod("sleep", "3600", lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo hi > /tmp/hook"]}}})
    pod["status"]["containerStatuses"][0]["containerID"] = "containerd://hooked"
    playback.settle(pod)
    assert playback.disks.layer("hooked").entries["/tmp/hook"].data == b"hi\n"  # type: ignore[union-attr]


def test_node_has_files_of_its_own() -> None:
    pod = _twins("a", "true", "cat /data/etc/hostname; ls /data/etc/cni", volume={"hostPath": {"path": "/"}})
    lines = log_lines(pod, "c1", BEGAN + 60 * SECOND, replay=Playback(OBJECTS))
    assert [line.text for line in lines] == ["node-1", "net.d"]
