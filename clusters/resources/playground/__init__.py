"""Kinds of the playground itself, outside of Kubernetes: hardware, processes, faults. Not in discovery."""

from clusters.resources.playground.autoscaler_memory import RESOURCE as AUTOSCALER_MEMORY
from clusters.resources.playground.component import RESOURCE as COMPONENT
from clusters.resources.playground.fault import RESOURCE as FAULT
from clusters.resources.playground.machine import RESOURCE as MACHINE

RESOURCES = (MACHINE, COMPONENT, FAULT, AUTOSCALER_MEMORY)
