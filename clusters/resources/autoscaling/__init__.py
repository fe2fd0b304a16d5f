"""Kinds of autoscaling."""

from clusters.resources.autoscaling.horizontal_pod_autoscaler import RESOURCE as HORIZONTAL_POD_AUTOSCALER

RESOURCES = (HORIZONTAL_POD_AUTOSCALER,)
