"""What a definition of custom resources comes to: accepted names, established, and its end."""

from clusters.components.controllers.crd.controller import CustomResourceDefinitionController
from clusters.components.controllers.crd.registration import CrdRegistrationController

__all__ = ["CrdRegistrationController", "CustomResourceDefinitionController"]
