"""Kinds of policy."""

from clusters.resources.policy.pod_disruption_budget import RESOURCE as POD_DISRUPTION_BUDGET

RESOURCES = (POD_DISRUPTION_BUDGET,)
