"""What the published schema does not say of the Go types behind it, and clients can tell from the answers.

The schema knows which fields are required, and a required field is always written, even if it is zero. For
the rest, Go's `omitempty` drops zero values, with three things that only the Go declaration knows:

* a pointer to a zero is written (`replicas: 0`), a plain zero is dropped (`paused: false`);
* a struct held by value is written even if it is empty (`resources: {}`), a pointer to one is not;
* a time held by value is written as `null` if it is unset.

The general rules are: optional numbers and booleans are pointers, optional strings are not, structs are
pointers (but `metadata`, and `spec` and `status` of a kind), times are values. The tables below are the
exceptions, by the type's short name (`ObjectMeta`) or by the field's name where all types agree.

Models: k8s.io/api types (json tags and pointers) at 1.36.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VALUE_NUMBERS = _words(
    """
    minReadySeconds nodePort healthCheckNodePort hostPort sizeBytes signal deprecatedCount
    matchingPrecedence numberAvailable numberUnavailable updatedNumberScheduled availableReplicas
    readyReplicas unavailableReplicas updatedReplicas fullyLabeledReplicas currentReplicas failureThreshold
    initialDelaySeconds periodSeconds successThreshold timeoutSeconds handSize queueLengthLimit queues
    retryAfterSeconds generation code partition number DeploymentStatus.replicas ScaleSpec.replicas
    StatefulSetOrdinals.start JobStatus.active JobStatus.failed JobStatus.succeeded Event.count
    EventSeries.count CustomResourceColumnDefinition.priority observedGeneration
    """
)
"""Optional numbers held by value: zero is dropped."""

POINTER_NUMBERS = _words(
    """
    RollingUpdateStatefulSetStrategy.partition ClientIPConfig.timeoutSeconds MutatingWebhook.timeoutSeconds
    ValidatingWebhook.timeoutSeconds HorizontalPodAutoscalerStatus.observedGeneration
    """
)
"""Fields whose name is in VALUE_NUMBERS, but which are pointers in these types."""

VALUE_BOOLEANS = _words(
    """
    paused authenticated denied readOnly chapAuthDiscovery chapAuthSession sslEnabled stdin stdinOnce tty
    unschedulable hostIPC hostNetwork hostPID publishNotReadyAddresses clusterScope globalDefault
    preserveUnknownFields deprecated exclusiveMaximum exclusiveMinimum nullable uniqueItems
    x-kubernetes-embedded-resource x-kubernetes-int-or-string insecureSkipTLSVerify
    """
)
"""Optional booleans held by value: false is dropped."""

POINTER_BOOLEANS = _words(
    """
    AzureDiskVolumeSource.readOnly CSIVolumeSource.readOnly
    """
)

POINTER_STRINGS = _words(
    """
    storageClassName volumeMode volumeAttributesClassName currentVolumeAttributesClassName ingressClassName
    runtimeClassName preemptionPolicy hostnameOverride fsGroupChangePolicy supplementalGroupsPolicy
    seLinuxChangePolicy resourceClaimName resourceClaimTemplateName localhostProfile procMount appProtocol
    ipFamilyPolicy loadBalancerClass internalTrafficPolicy trafficDistribution ipMode nodeAffinityPolicy
    nodeTaintsPolicy apiGroup mountPropagation recursiveReadOnly gmsaCredentialSpec gmsaCredentialSpecName
    runAsUserName stopSignal completionMode podReplacementPolicy managedBy succeededIndexes failedIndexes
    timeZone selectPolicy pathType unhealthyPodEvictionPolicy holderIdentity strategy preferredHolder
    volumeBindingMode fsGroupPolicy persistentVolumeName failurePolicy matchPolicy sideEffects
    reinvocationPolicy url parameterNotFoundAction labelSelectorPath deprecationWarning propagationPolicy
    x-kubernetes-list-type x-kubernetes-map-type initiatorName endpointsNamespace secretNamespace
    AzureDiskVolumeSource.cachingMode AzureDiskVolumeSource.fsType AzureDiskVolumeSource.kind
    CSIVolumeSource.fsType HostPathVolumeSource.type LocalVolumeSource.fsType PodDNSConfigOption.value
    GRPCAction.service TypedObjectReference.namespace EndpointAddress.nodeName PortStatus.error
    IngressPortStatus.error Container.restartPolicy EphemeralContainer.restartPolicy
    ClusterTrustBundleProjection.name ClusterTrustBundleProjection.signerName
    PodFailurePolicyOnExitCodes.containerName NetworkPolicyPort.protocol
    IngressClassParametersReference.scope IngressClassParametersReference.namespace Endpoint.hostname
    Endpoint.nodeName Endpoint.zone EndpointPort.name EndpointPort.protocol StorageClass.reclaimPolicy
    RuleWithOperations.scope NamedRuleWithOperations.scope ServiceReference.path Validation.reason
    ValidationRule.reason Preconditions.uid Preconditions.resourceVersion JSONSchemaProps.$ref
    """
)
"""Optional strings that are pointers: an empty one is written."""

VALUE_STRINGS = _words(
    """
    TypedLocalObjectReference.strategy DeploymentSpec.strategy core.EndpointPort.name
    core.EndpointPort.protocol Subject.apiGroup RoleRef.apiGroup
    """
)
"""Fields whose name is in POINTER_STRINGS, but which are plain in these types (`core.`: only of that group)."""

VALUE_STRUCTS = _words(
    """
    DaemonSetSpec.updateStrategy DeploymentSpec.strategy StatefulSetSpec.updateStrategy
    ReplicaSetSpec.template JobTemplateSpec.spec Container.resources EphemeralContainer.resources
    ContainerStatus.state ContainerStatus.lastState PodTemplateSpec.spec PodTemplate.template Event.source
    NodeStatus.daemonEndpoints NodeStatus.nodeInfo NodeDaemonEndpoints.kubeletEndpoint
    PersistentVolumeClaimSpec.resources ServiceStatus.loadBalancer Endpoint.conditions
    Event.deprecatedSource Event.regarding IngressStatus.loadBalancer NetworkPolicySpec.podSelector
    IngressServiceBackend.port LimitedPriorityLevelConfiguration.limitResponse
    CustomResourceDefinitionStatus.acceptedNames APIGroup.preferredVersion TokenReviewStatus.user
    SelfSubjectReviewStatus.userInfo AllocationResult.devices ResourceClaimSpec.devices
    """
)
"""Structs held by value besides `metadata`, and `spec` and `status` of a kind."""

POINTERS = _words(
    """
    TypedLocalObjectReference.apiGroup TypedObjectReference.apiGroup
    DeploymentSpec.selector DaemonSetSpec.selector ReplicaSetSpec.selector StatefulSetSpec.selector
    ScaleIOPersistentVolumeSource.secretRef ScaleIOVolumeSource.secretRef IPAddressSpec.parentRef
    """
)
"""Pointers among what is always written: an unset one is written as null."""

POINTER_TIMES = _words(
    """
    creationTimestamp deletionTimestamp startTime completionTime lastScheduleTime lastSuccessfulTime
    timeAdded lastPhaseTransitionTime acquireTime renewTime lastScaleTime ManagedFieldsEntry.time
    bindingTime
    """
)
"""Times that are pointers (or dropped by omitzero): an unset one is not written."""

ALWAYS = _words(
    """
    StatefulSetStatus.availableReplicas PriorityClass.value PodDisruptionBudgetStatus.currentHealthy
    PodDisruptionBudgetStatus.desiredHealthy PodDisruptionBudgetStatus.disruptionsAllowed
    PodDisruptionBudgetStatus.expectedPods core.Event.reportingComponent core.Event.reportingInstance
    CustomResourceDefinitionStatus.conditions CustomResourceDefinitionStatus.storedVersions
    HorizontalPodAutoscalerStatus.currentMetrics EndpointSlice.ports EndpointSlice.endpoints Role.rules
    ClusterRole.rules TokenRequestSpec.expirationSeconds TypedLocalObjectReference.apiGroup
    TypedObjectReference.apiGroup
    """
)
"""Optional fields without omitempty: always written."""

NEVER = _words(
    """
    FlowSchemaStatus.conditions GroupVersionKind.group
    """
)
"""Required fields with omitempty: dropped if zero."""

LIST_KEY_DEFAULTS = {
    ("ContainerPort", "protocol"): "TCP",
    ("ServicePort", "protocol"): "TCP",
    ("LocalObjectReference", "name"): "",
}
"""Values that the server's typed schema gives to absent keys of associative lists."""

STRING_TYPES = {
    "v1.PodSpec": {
        "restartPolicy": "RestartPolicy",
        "dnsPolicy": "DNSPolicy",
        "preemptionPolicy": "PreemptionPolicy",
    },
    "v1.PodStatus": {"phase": "PodPhase", "qosClass": "PodQOSClass"},
    "v1.Container": {
        "imagePullPolicy": "PullPolicy",
        "terminationMessagePolicy": "TerminationMessagePolicy",
        "restartPolicy": "ContainerRestartPolicy",
    },
    "v1.EphemeralContainer": {
        "imagePullPolicy": "PullPolicy",
        "terminationMessagePolicy": "TerminationMessagePolicy",
    },
    "v1.ContainerPort": {"protocol": "Protocol"},
    "v1.VolumeMount": {"mountPropagation": "MountPropagationMode", "recursiveReadOnly": "RecursiveReadOnlyMode"},
    "v1.HTTPGetAction": {"scheme": "URIScheme"},
    "v1.Toleration": {"operator": "TolerationOperator", "effect": "TaintEffect"},
    "v1.Taint": {"effect": "TaintEffect"},
    "v1.EmptyDirVolumeSource": {"medium": "StorageMedium"},
    "v1.HostPathVolumeSource": {"type": "HostPathType"},
    "v1.NodeSelectorRequirement": {"operator": "NodeSelectorOperator"},
    "v1.LabelSelectorRequirement": {"operator": "LabelSelectorOperator"},
    "v1.TopologySpreadConstraint": {
        "whenUnsatisfiable": "UnsatisfiableConstraintAction",
        "nodeAffinityPolicy": "NodeInclusionPolicy",
        "nodeTaintsPolicy": "NodeInclusionPolicy",
    },
    "v1.PodSecurityContext": {
        "fsGroupChangePolicy": "PodFSGroupChangePolicy",
        "supplementalGroupsPolicy": "SupplementalGroupsPolicy",
        "seLinuxChangePolicy": "PodSELinuxChangePolicy",
    },
    "v1.SecurityContext": {"procMount": "ProcMountType"},
    "v1.SeccompProfile": {"type": "SeccompProfileType"},
    "v1.AppArmorProfile": {"type": "AppArmorProfileType"},
    "v1.ServiceSpec": {
        "type": "ServiceType",
        "sessionAffinity": "ServiceAffinity",
        "externalTrafficPolicy": "ServiceExternalTrafficPolicy",
        "internalTrafficPolicy": "ServiceInternalTrafficPolicy",
        "ipFamilyPolicy": "IPFamilyPolicy",
    },
    "v1.ServicePort": {"protocol": "Protocol"},
    "v1.Secret": {"type": "SecretType"},
    "v1.PersistentVolumeSpec": {
        "persistentVolumeReclaimPolicy": "PersistentVolumeReclaimPolicy",
        "volumeMode": "PersistentVolumeMode",
    },
    "v1.PersistentVolumeClaimSpec": {"volumeMode": "PersistentVolumeMode"},
    "v1.LimitRangeItem": {"type": "LimitType"},
    "v1.DeploymentStrategy": {"type": "DeploymentStrategyType"},
    "v1.DaemonSetUpdateStrategy": {"type": "DaemonSetUpdateStrategyType"},
    "v1.StatefulSetUpdateStrategy": {"type": "StatefulSetUpdateStrategyType"},
    "v1.StatefulSetSpec": {"podManagementPolicy": "PodManagementPolicyType"},
    "v1.CronJobSpec": {"concurrencyPolicy": "ConcurrencyPolicy"},
    "v1.JobSpec": {"completionMode": "CompletionMode", "podReplacementPolicy": "PodReplacementPolicy"},
    "v1.HTTPIngressPath": {"pathType": "PathType"},
    "v1.NetworkPolicyPort": {"protocol": "Protocol"},
    "v1.StorageClass": {
        "reclaimPolicy": "PersistentVolumeReclaimPolicy",
        "volumeBindingMode": "VolumeBindingMode",
    },
    "v1.PriorityClass": {"preemptionPolicy": "PreemptionPolicy"},
    "v1.ObjectMeta": {"uid": "UID"},
    "v1.OwnerReference": {"uid": "UID"},
}
"""Named string types, for the texts of type errors."""

STRING_PACKAGES = {"UID": "types", "PullPolicy": "v1"}
"""Where a named string type lives, if not in the package of the struct."""

LIST_TYPES = {
    "v1.ResourceRequirements.limits": "v1.ResourceList",
    "v1.ResourceRequirements.requests": "v1.ResourceList",
    "v1.VolumeResourceRequirements.limits": "v1.ResourceList",
    "v1.VolumeResourceRequirements.requests": "v1.ResourceList",
    "v1.PodSpec.overhead": "v1.ResourceList",
    "v1.NodeStatus.capacity": "v1.ResourceList",
    "v1.NodeStatus.allocatable": "v1.ResourceList",
    "v1.PersistentVolumeSpec.capacity": "v1.ResourceList",
    "v1.PersistentVolumeSpec.accessModes": "[]v1.PersistentVolumeAccessMode",
    "v1.PersistentVolumeClaimSpec.accessModes": "[]v1.PersistentVolumeAccessMode",
    "v1.PersistentVolumeClaimStatus.capacity": "v1.ResourceList",
    "v1.ResourceQuotaSpec.hard": "v1.ResourceList",
    "v1.ResourceQuotaSpec.scopes": "[]v1.ResourceQuotaScope",
    "v1.LimitRangeItem.max": "v1.ResourceList",
    "v1.LimitRangeItem.min": "v1.ResourceList",
    "v1.LimitRangeItem.default": "v1.ResourceList",
    "v1.LimitRangeItem.defaultRequest": "v1.ResourceList",
    "v1.LimitRangeItem.maxLimitRequestRatio": "v1.ResourceList",
    "v1.Capabilities.add": "[]v1.Capability",
    "v1.Capabilities.drop": "[]v1.Capability",
    "v1.NetworkPolicySpec.policyTypes": "[]v1.PolicyType",
    "v1.ServiceSpec.ipFamilies": "[]v1.IPFamily",
    "v1.ObjectMeta.managedFields": "[]v1.ManagedFieldsEntry",
}
"""Named map types and lists of named strings, for the texts of type errors."""
