"""What containers take: annotations, commands, images; when they outgrow their limit."""

from __future__ import annotations

import pytest

from clusters.machinery.types import Obj
from clusters.resources.metrics import load


def pod(container: Obj, **annotations: str) -> Obj:
    given = {f"behavior.playground.dev/{k.replace('_', '-')}": v for k, v in annotations.items()}
    return {"metadata": {"name": "p", "annotations": given}, "spec": {"containers": [container]}}


def container(**fields: object) -> Obj:
    return {"name": "c", "image": "example.com/app:1", **fields}


def test_annotations_win_over_the_image():
    one = container(image="nginx:1.27")
    plain, told = load.of(pod(one), one), load.of(pod(one, cpu="250m", memory="64Mi", cpu_per_request="5m"), one)
    assert plain.cpu < 10 * load.MILLI
    assert (told.cpu, told.memory, told.per_request) == (250 * load.MILLI, 64 * load.MIB, 5 * load.MILLI)


def test_annotation_of_one_container_wins_over_that_of_all():
    one = container()
    described = pod(one, cpu="1")
    described["metadata"]["annotations"]["behavior.playground.dev/c.cpu"] = "20m"
    assert load.of(described, one).cpu == 20 * load.MILLI


@pytest.mark.parametrize("text", ["lots", "", "-5m"])
def test_quantity_that_makes_no_sense_takes_nothing_away(text):
    one = container()
    assert load.of(pod(one, cpu=text), one).cpu >= 0


@pytest.mark.parametrize("text", ["1e400", "9" * 400, "100000Ei"])
def test_what_is_too_much_is_cut(text):
    one = container()
    found = load.of(pod(one, cpu=text, memory=text, memory_leak=text, cpu_per_request=text), one)
    assert (found.cpu, found.memory, found.leak) == (load.MOST_CPU, load.MOST_MEMORY, load.MOST_MEMORY)
    assert load.requests(pod(one, requests=text)) == load.MOST_REQUESTS


@pytest.mark.parametrize(
    "words", [["stress", "--cpu", "9" * 5000], ["stress", "--vm-bytes", "9" * 5000], ["stress", "--cpu", "²"]]
)
def test_numbers_that_make_no_sense_are_left_out(words):
    one = container(args=words)
    assert load.of(pod(one), one).memory == 12 * load.MIB


@pytest.mark.parametrize(
    ("words", "cpu", "memory"),
    [
        (["stress", "--cpu", "2"], 2000, None),
        (["-cpus", "2"], 2000, None),
        (["stress", "--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1"], None, 150),
        (["sh", "-c", "while true; do :; done"], 1000, None),
        (["sh", "-c", "yes > /dev/null"], 1000, None),
    ],
)
def test_commands_that_are_known_to_take_much(words, cpu, memory):
    one = container(args=words)
    found = load.of(pod(one), one)
    if cpu is not None:
        assert found.cpu == cpu * load.MILLI
    if memory is not None:
        assert memory <= found.memory // load.MIB <= memory + 2


@pytest.mark.parametrize(
    ("words", "host", "rate"),
    [
        (("/bin/sh", "-c", "while sleep 0.01; do wget -q -O- http://php-apache; done"), "php-apache", 50),
        (
            ("sh", "-c", "while true; do curl -s http://web.shop:8080/x > /dev/null; sleep 1; done"),
            "web.shop",
            1 / 1.01,
        ),
        (("sh", "-c", "while true; do wget -qO- web; sleep 0.09; done"), "web", 10),
        (("hey", "-z", "10m", "http://web.shop.svc.cluster.local/"), "web.shop.svc.cluster.local", 200),
    ],
)
def test_loop_that_asks_a_host_makes_requests(words, host, rate):
    found = load.asks(words)
    assert found is not None
    assert (found[0], found[1]) == (host, pytest.approx(rate))


@pytest.mark.parametrize("words", [("wget", "http://web"), ("sleep", "10"), ("sh", "-c", "while true; do date; done")])
def test_command_that_asks_once_or_nobody_makes_none(words):
    assert load.asks(words) is None


@pytest.mark.parametrize(
    ("annotations", "limit", "late"),
    [
        ({"memory": "250Mi"}, "100Mi", 0),
        ({"memory": "40Mi"}, "100Mi", None),
        ({"memory": "40Mi", "memory_leak": "30Mi"}, "100Mi", 120_000),
        ({}, "1Mi", None),
    ],
)
def test_container_outgrows_its_limit_if_somebody_says_what_it_takes(annotations, limit, late):
    one = container(resources={"limits": {"memory": limit}})
    assert load.outgrows_at(load.of(pod(one, **annotations), one), one) == late
