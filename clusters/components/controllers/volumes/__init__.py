"""PersistentVolumes and their claims: bound to each other, provisioned, protected while in use.

Models: kube-controller-manager, pkg/controller/volume/{persistentvolume,ephemeral,pvcprotection,pvprotection}.
"""

from clusters.components.controllers.volumes.binder import PersistentVolumeBinder
from clusters.components.controllers.volumes.ephemeral import EphemeralVolumeController
from clusters.components.controllers.volumes.protection import ClaimProtectionController, VolumeProtectionController
from clusters.components.controllers.volumes.provisioner import VolumeProvisioner

__all__ = [
    "ClaimProtectionController",
    "EphemeralVolumeController",
    "PersistentVolumeBinder",
    "VolumeProtectionController",
    "VolumeProvisioner",
]
