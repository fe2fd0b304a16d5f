"""Redis may be away: nothing waits for it, and it is said now and then."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from clusters.runtime import notify

pytestmark = pytest.mark.real_notify


@pytest.fixture(autouse=True)
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(notify.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(notify, "_complained", -notify.COMPLAIN_SECONDS)
    monkeypatch.setattr(notify, "_away", -notify.AWAY_SECONDS)
    return now


def _fails() -> None:
    raise redis.ConnectionError("refused")


def test_missing_redis_is_named_with_its_address_once_in_a_while(
    wall: list[float], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    for _ in range(20):
        assert notify.safely(_fails) is False
        wall[0] += 1
    assert len(caplog.records) == 1
    assert "Redis at unix:///nowhere/redis.sock does not answer (refused)" in caplog.text
    wall[0] += notify.COMPLAIN_SECONDS
    notify.safely(_fails)
    assert len(caplog.records) == 2


def test_redis_that_is_away_is_not_asked_by_every_write(wall: list[float]) -> None:
    asked: list[int] = []
    notify.safely(_fails)
    assert notify.safely(lambda: asked.append(1)) is False
    wall[0] += notify.AWAY_SECONDS
    assert notify.safely(lambda: asked.append(1)) is True
    assert asked == [1]


def test_wake_is_one_task_however_many_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        def __init__(self) -> None:
            self.kept: dict[str, Any] = {}

        def set(self, name: str, value: Any, *, nx: bool = False, ex: int = 0) -> bool:
            if nx and name in self.kept:
                return False
            self.kept[name] = value
            return True

        def get(self, name: str) -> Any:
            return self.kept.get(name)

    class App:
        sent: list[tuple[str, list[int], str]] = []

        def send_task(self, name: str, args: list[int], queue: str) -> None:
            self.sent.append((name, args, queue))

    fake, app = Fake(), App()
    monkeypatch.setattr(notify, "client", lambda: fake)
    monkeypatch.setattr(notify, "_celery", lambda: app)
    for _ in range(5):
        notify.wake(3)
    fake.kept.clear()
    fake.kept[f"{notify.WARM}3"] = b"worker-2@host"
    notify.wake(3)
    assert app.sent == [(notify.TASK, [3], "slices"), (notify.TASK, [3], "slices.worker-2@host")]
