"""Where a Service's traffic goes: EndpointSlices, and the older Endpoints beside them.

Models: kube-controller-manager, pkg/controller/{endpointslice,endpoint,endpointslicemirroring}.
"""

from clusters.components.controllers.endpoints.legacy import EndpointsController
from clusters.components.controllers.endpoints.mirroring import EndpointSliceMirroringController
from clusters.components.controllers.endpoints.slices import EndpointSliceController

__all__ = ["EndpointSliceController", "EndpointSliceMirroringController", "EndpointsController"]
