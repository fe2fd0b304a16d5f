"""What a definition of custom resources comes to: accepted names, established, and its end."""

from clusters.components.controllers.crd.controller import CustomResourceDefinitionController

__all__ = ["CustomResourceDefinitionController"]
