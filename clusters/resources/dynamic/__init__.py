"""Custom resources: from a CustomResourceDefinition to the `Resource` that serves its objects."""

from clusters.resources.dynamic.build import condition_is, qualified_name, resource_of

__all__ = ["condition_is", "qualified_name", "resource_of"]
