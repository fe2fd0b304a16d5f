"""The loops of kube-controller-manager, in the fixed order in which they run.

Owners come before what they own, so that one round carries a change down: Deployment, ReplicaSet, Pod; what
watches everything (garbage, namespaces) comes last.
"""

from __future__ import annotations

from clusters.client.component import Component
from clusters.components.controllers.admission_policies import ValidatingAdmissionPolicyStatusController
from clusters.components.controllers.apiservices import ApiServiceController
from clusters.components.controllers.certificates import (
    CertificateApprover,
    CertificateCleaner,
    CertificateSigner,
    ClusterAuthenticationTrust,
)
from clusters.components.controllers.clusterrole import ClusterRoleAggregationController
from clusters.components.controllers.crd import CrdRegistrationController, CustomResourceDefinitionController
from clusters.components.controllers.daemonset import DaemonSetController
from clusters.components.controllers.deployment import DeploymentController
from clusters.components.controllers.disruption import DisruptionController
from clusters.components.controllers.endpoints import (
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
)
from clusters.components.controllers.events import EventTtlController
from clusters.components.controllers.gc import GarbageCollector
from clusters.components.controllers.hpa import HorizontalController
from clusters.components.controllers.job import CronJobController, JobController, TtlAfterFinishedController
from clusters.components.controllers.leader import ControllerManagerLease, SchedulerLease
from clusters.components.controllers.namespace import NamespaceController
from clusters.components.controllers.node import NodeIpamController, NodeLifecycleController, TaintEvictionController
from clusters.components.controllers.podgc import PodGarbageCollector
from clusters.components.controllers.replicaset import ReplicaSetController, ReplicationControllerController
from clusters.components.controllers.resourcequota import ResourceQuotaController
from clusters.components.controllers.serviceaccount import RootCaPublisher, ServiceAccountController
from clusters.components.controllers.statefulset import StatefulSetController
from clusters.components.controllers.tokens import TokensController
from clusters.components.controllers.volumes import (
    ClaimProtectionController,
    EphemeralVolumeController,
    PersistentVolumeBinder,
    VolumeProtectionController,
    VolumeProvisioner,
)

CONTROLLERS: tuple[type[Component], ...] = (
    CustomResourceDefinitionController,
    CrdRegistrationController,
    ApiServiceController,
    SchedulerLease,
    ControllerManagerLease,
    ServiceAccountController,
    RootCaPublisher,
    TokensController,
    ClusterAuthenticationTrust,
    CertificateApprover,
    CertificateSigner,
    CertificateCleaner,
    ClusterRoleAggregationController,
    ValidatingAdmissionPolicyStatusController,
    NodeIpamController,
    NodeLifecycleController,
    TaintEvictionController,
    HorizontalController,
    CronJobController,
    JobController,
    DeploymentController,
    StatefulSetController,
    DaemonSetController,
    ReplicaSetController,
    ReplicationControllerController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    EndpointsController,
    DisruptionController,
    EphemeralVolumeController,
    PersistentVolumeBinder,
    VolumeProvisioner,
    ClaimProtectionController,
    VolumeProtectionController,
    ResourceQuotaController,
    TtlAfterFinishedController,
    PodGarbageCollector,
    GarbageCollector,
    NamespaceController,
    EventTtlController,
)
