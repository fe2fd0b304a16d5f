"""Kinds of storage.k8s.io."""

from clusters.resources.storage.csi_driver import RESOURCE as CSI_DRIVER
from clusters.resources.storage.csi_node import RESOURCE as CSI_NODE
from clusters.resources.storage.csi_storage_capacity import RESOURCE as CSI_STORAGE_CAPACITY
from clusters.resources.storage.storage_class import RESOURCE as STORAGE_CLASS
from clusters.resources.storage.volume_attachment import RESOURCE as VOLUME_ATTACHMENT
from clusters.resources.storage.volume_attributes_class import RESOURCE as VOLUME_ATTRIBUTES_CLASS

RESOURCES = (
    CSI_DRIVER,
    CSI_NODE,
    CSI_STORAGE_CAPACITY,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
    VOLUME_ATTRIBUTES_CLASS,
)
