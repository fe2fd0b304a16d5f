"""Finished Jobs are deleted after `ttlSecondsAfterFinished`.

Models: kube-controller-manager, ttlafterfinished/ttlafterfinished_controller.go.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.job import conditions as verdicts
from clusters.components.controllers.job.controller import JOBS
from clusters.components.controllers.shared.pods import when
from clusters.kernel.clock import SECOND
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo


class TtlAfterFinishedController(Controller):
    """Keys are Jobs."""

    name: ClassVar[str] = "ttl-after-finished-controller"
    user: ClassVar[UserInfo] = controller_user("ttl-after-finished-controller")

    def setup(self) -> None:
        self.jobs = self.env.informers[JOBS]
        self.jobs.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and "ttlSecondsAfterFinished" in new["spec"] and verdicts.is_finished(new):
            self.queue.add(key_of(new))

    def sync(self, key: str) -> None:
        job = self.jobs.by_key(key)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return
        ttl, finished = job["spec"].get("ttlSecondsAfterFinished"), verdicts.finish_time(job)
        if ttl is None or not finished:
            return
        due = when(finished) + int(ttl) * SECOND
        if self.env.clock.now() < due:
            self.queue.add_at(key, due)
            return
        own = job["metadata"]
        try:
            self.env.client.delete(JOBS, own["namespace"], own["name"], propagation="Foreground", uid=own["uid"])
        except NotFound:
            return
