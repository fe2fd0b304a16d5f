"""The scheduler: which node a Pod runs on, and why not the others.

    informers ──▶ cache (NodeInfo, kept up to date) ──┐
        │                                             ▼
        └───────▶ queue (active, back-off, waiting) ─▶ cycle: filter, score, pick ─▶ binding
                                                        │  (shared scoring for equal Pods)
                                                        └▶ nothing fits: preemption, condition, event

`explain` runs the same cycle beside the scheduler, to answer "why is this Pod pending?".
Models: kube-scheduler 1.36, default profile.
"""

from clusters.components.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
