"""DaemonSets: one pod on every node that takes it. Models: pkg/controller/daemon."""

from clusters.components.controllers.daemonset.controller import DaemonSetController

__all__ = ["DaemonSetController"]
