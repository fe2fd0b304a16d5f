"""Kinds of flowcontrol.apiserver.k8s.io: served and stored; the playground limits requests in its own way."""

from clusters.resources.flowcontrol.flow_schema import RESOURCE as FLOW_SCHEMA
from clusters.resources.flowcontrol.priority_level import RESOURCE as PRIORITY_LEVEL

RESOURCES = (FLOW_SCHEMA, PRIORITY_LEVEL)
