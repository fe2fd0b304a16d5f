"""Kinds of admissionregistration.k8s.io."""

from clusters.resources.admissionregistration.policy import MUTATING_POLICY, VALIDATING_POLICY
from clusters.resources.admissionregistration.policy_binding import MUTATING_BINDING, VALIDATING_BINDING
from clusters.resources.admissionregistration.webhook import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS

RESOURCES = (
    MUTATING_POLICY,
    MUTATING_BINDING,
    MUTATING_WEBHOOKS,
    VALIDATING_POLICY,
    VALIDATING_BINDING,
    VALIDATING_WEBHOOKS,
)
