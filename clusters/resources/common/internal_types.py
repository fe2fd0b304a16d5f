"""The internal Go types behind the specs of Pods, volumes and claims: names, order and zero values of their fields.

The server compares and prints these, not what clients send: they have no field tags, show every field, and differ
from the wire here and there (host namespaces stand in the Pod's security context).

Models: kubernetes, pkg/apis/core/types.go at 1.36.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from clusters.machinery.types import Obj

_ZEROS: dict[str, Any] = {"string": "", "int": 0, "bool": False, "quantity": "0", "null": None}

_STRUCTS = """
PodSpec
 Volumes:[]Volume InitContainers:[]Container Containers:[]Container EphemeralContainers:[]EphemeralContainer
 RestartPolicy:string TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:string NodeSelector
 ServiceAccountName:string AutomountServiceAccountToken NodeName:string SecurityContext:*PodSecurityContext
 ImagePullSecrets:[]LocalObjectReference Hostname:string Subdomain:string SetHostnameAsFQDN Affinity:*Affinity
 SchedulerName:string Tolerations:[]Toleration HostAliases:[]HostAlias PriorityClassName:string Priority
 PreemptionPolicy DNSConfig:*PodDNSConfig ReadinessGates:[]PodReadinessGate RuntimeClassName Overhead
 EnableServiceLinks TopologySpreadConstraints:[]TopologySpreadConstraint OS:*LocalObjectReference
 SchedulingGates:[]LocalObjectReference ResourceClaims:[]PodResourceClaim Resources:*ResourceRequirements
 HostnameOverride SchedulingGroup
PodSecurityContext
 HostNetwork:bool HostPID:bool HostIPC:bool ShareProcessNamespace HostUsers SELinuxOptions:*SELinuxOptions
 WindowsOptions:*WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup
 FSGroupChangePolicy Sysctls:[]NameAndValue SeccompProfile:*Profile AppArmorProfile:*Profile SELinuxChangePolicy
SecurityContext
 Capabilities:*Capabilities Privileged SELinuxOptions:*SELinuxOptions WindowsOptions:*WindowsOptions RunAsUser
 RunAsGroup RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile:*Profile
 AppArmorProfile:*Profile
Capabilities Add Drop
SELinuxOptions User:string Role:string Type:string Level:string
WindowsOptions GMSACredentialSpecName GMSACredentialSpec RunAsUserName HostProcess
Profile Type:string LocalhostProfile
NameAndValue Name:string Value:string
LocalObjectReference Name:string
SecretReference Name:string Namespace:string
ObjectReference
 Kind:string Namespace:string Name:string UID:string APIVersion:string ResourceVersion:string FieldPath:string
Toleration Key:string Operator:string Value:string Effect:string TolerationSeconds
HostAlias IP:string Hostnames
PodDNSConfig Nameservers Searches Options:[]PodDNSConfigOption
PodDNSConfigOption Name:string Value
PodReadinessGate ConditionType:string
PodResourceClaim Name:string ResourceClaimName ResourceClaimTemplateName
TopologySpreadConstraint
 MaxSkew:int TopologyKey:string WhenUnsatisfiable:string LabelSelector MinDomains NodeAffinityPolicy NodeTaintsPolicy
 MatchLabelKeys
Affinity NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAffinity
NodeAffinity
 RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
 PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
NodeSelector NodeSelectorTerms:[]NodeSelectorTerm
NodeSelectorTerm MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement
NodeSelectorRequirement Key:string Operator:string Values
PreferredSchedulingTerm Weight:int Preference:NodeSelectorTerm
PodAffinity
 RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
 PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
WeightedPodAffinityTerm Weight:int PodAffinityTerm:PodAffinityTerm
PodAffinityTerm
 LabelSelector Namespaces TopologyKey:string NamespaceSelector MatchLabelKeys MismatchLabelKeys
Container
 Name:string Image:string Command Args WorkingDir:string Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar
 Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy
 RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice
 LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:string
 TerminationMessagePolicy:string ImagePullPolicy:string SecurityContext:*SecurityContext Stdin:bool StdinOnce:bool
 TTY:bool
EphemeralContainer +Container TargetContainerName:string
ContainerPort Name:string HostPort:int ContainerPort:int Protocol:string HostIP:string
EnvFromSource Prefix:string ConfigMapRef:*OptionalReference SecretRef:*OptionalReference
OptionalReference Name:string Optional
EnvVar Name:string Value:string ValueFrom:*EnvVarSource
EnvVarSource
 FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ConfigMapKeyRef:*KeySelector
 SecretKeyRef:*KeySelector FileKeyRef:*FileKeySelector
ObjectFieldSelector APIVersion:string FieldPath:string
ResourceFieldSelector ContainerName:string Resource:string Divisor:quantity
KeySelector Name:string Key:string Optional
FileKeySelector VolumeName:string Path:string Key:string Optional
ResourceRequirements Limits Requests Claims:[]ResourceClaim
ResourceClaim Name:string Request:string
ContainerResizePolicy ResourceName:string RestartPolicy:string
ContainerRestartRule Action:string ExitCodes:*ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes Operator:string Values
VolumeMount
 Name:string ReadOnly:bool RecursiveReadOnly MountPath:string SubPath:string MountPropagation SubPathExpr:string
VolumeDevice Name:string DevicePath:string
Probe
 +ProbeHandler InitialDelaySeconds:int TimeoutSeconds:int PeriodSeconds:int SuccessThreshold:int FailureThreshold:int
 TerminationGracePeriodSeconds
ProbeHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction GRPC:*GRPCAction
Lifecycle PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal
LifecycleHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction Sleep:*SleepAction
ExecAction Command
HTTPGetAction Path:string Port:int Host:string Scheme:string HTTPHeaders:[]NameAndValue
TCPSocketAction Port:int Host:string
GRPCAction Port:int Service
SleepAction Seconds:int
Volume
 Name:string HostPath:*HostPath EmptyDir:*EmptyDir GCEPersistentDisk:*GCEPersistentDisk
 AWSElasticBlockStore:*AWSElasticBlockStore GitRepo:*GitRepo Secret:*Secret NFS:*NFS ISCSI:*ISCSI Glusterfs:*Glusterfs
 PersistentVolumeClaim:*PersistentVolumeClaim RBD:*RBD Quobyte:*Quobyte FlexVolume:*FlexVolume Cinder:*Cinder
 CephFS=cephfs:*CephFS Flocker:*Flocker DownwardAPI:*DownwardAPI FC:*FC AzureFile:*AzureFile ConfigMap:*ConfigMap
 VsphereVolume:*VsphereVolume AzureDisk:*AzureDisk PhotonPersistentDisk:*PhotonPersistentDisk Projected:*Projected
 PortworxVolume:*PortworxVolume ScaleIO:*ScaleIO StorageOS=storageos:*StorageOS CSI:*CSI Ephemeral:*Ephemeral
 Image:*Image
HostPath Path:string Type
EmptyDir Medium:string SizeLimit
GCEPersistentDisk PDName:string FSType:string Partition:int ReadOnly:bool
AWSElasticBlockStore VolumeID:string FSType:string Partition:int ReadOnly:bool
GitRepo Repository:string Revision:string Directory:string
Secret SecretName:string Items:[]KeyToPath DefaultMode Optional
KeyToPath Key:string Path:string Mode
NFS Server:string Path:string ReadOnly:bool
ISCSI
 TargetPortal:string IQN:string Lun:int ISCSIInterface:string FSType:string ReadOnly:bool Portals
 DiscoveryCHAPAuth=chapAuthDiscovery:bool SessionCHAPAuth=chapAuthSession:bool SecretRef:*LocalObjectReference
 InitiatorName
Glusterfs EndpointsName=endpoints:string Path:string ReadOnly:bool
PersistentVolumeClaim ClaimName:string ReadOnly:bool
RBD
 CephMonitors=monitors RBDImage=image:string FSType:string RBDPool=pool:string RadosUser=user:string Keyring:string
 SecretRef:*LocalObjectReference ReadOnly:bool
Quobyte Registry:string Volume:string ReadOnly:bool User:string Group:string Tenant:string
FlexVolume Driver:string FSType:string SecretRef:*LocalObjectReference ReadOnly:bool Options
Cinder VolumeID:string FSType:string ReadOnly:bool SecretRef:*LocalObjectReference
CephFS
 Monitors Path:string User:string SecretFile:string SecretRef:*LocalObjectReference ReadOnly:bool
Flocker DatasetName:string DatasetUUID:string
DownwardAPI Items:[]DownwardAPIVolumeFile DefaultMode
DownwardAPIVolumeFile
 Path:string FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode
FC TargetWWNs Lun FSType:string ReadOnly:bool WWIDs=wwids
AzureFile SecretName:string ShareName:string ReadOnly:bool
ConfigMap Name:string Items:[]KeyToPath DefaultMode Optional
VsphereVolume VolumePath:string FSType:string StoragePolicyName:string StoragePolicyID:string
AzureDisk DiskName:string DataDiskURI=diskURI:string CachingMode FSType ReadOnly Kind
PhotonPersistentDisk PdID:string FSType:string
Projected Sources:[]VolumeProjection DefaultMode
VolumeProjection
 Secret:*ItemsProjection DownwardAPI:*DownwardAPIProjection ConfigMap:*ItemsProjection
 ServiceAccountToken:*ServiceAccountTokenProjection ClusterTrustBundle PodCertificate
ItemsProjection Name:string Items:[]KeyToPath Optional
DownwardAPIProjection Items:[]DownwardAPIVolumeFile
ServiceAccountTokenProjection Audience:string ExpirationSeconds:int Path:string
PortworxVolume VolumeID:string FSType:string ReadOnly:bool
ScaleIO
 Gateway:string System:string SecretRef:*LocalObjectReference SSLEnabled:bool ProtectionDomain:string
 StoragePool:string StorageMode:string VolumeName:string FSType:string ReadOnly:bool
StorageOS
 VolumeName:string VolumeNamespace:string FSType:string ReadOnly:bool SecretRef:*LocalObjectReference
CSI Driver:string ReadOnly FSType VolumeAttributes NodePublishSecretRef:*LocalObjectReference
Ephemeral VolumeClaimTemplate:*PersistentVolumeClaimTemplate
PersistentVolumeClaimTemplate +ObjectMeta Spec:PersistentVolumeClaimSpec
Image Reference:string PullPolicy:string
PersistentVolumeClaimSpec
 AccessModes Selector Resources:VolumeResourceRequirements VolumeName:string StorageClassName VolumeMode
 DataSource:*TypedLocalObjectReference DataSourceRef:*TypedObjectReference VolumeAttributesClassName
VolumeResourceRequirements Limits Requests
TypedLocalObjectReference APIGroup Kind:string Name:string
TypedObjectReference APIGroup Kind:string Name:string Namespace
PersistentVolumeSource
 GCEPersistentDisk:*GCEPersistentDisk AWSElasticBlockStore:*AWSElasticBlockStore HostPath:*HostPath
 Glusterfs:*PersistentGlusterfs NFS:*NFS RBD:*PersistentRBD Quobyte:*Quobyte ISCSI:*PersistentISCSI
 FlexVolume:*PersistentFlexVolume Cinder:*PersistentCinder CephFS=cephfs:*PersistentCephFS FC:*FC Flocker:*Flocker
 AzureFile:*PersistentAzureFile VsphereVolume:*VsphereVolume AzureDisk:*AzureDisk
 PhotonPersistentDisk:*PhotonPersistentDisk PortworxVolume:*PortworxVolume ScaleIO:*PersistentScaleIO Local:*Local
 StorageOS=storageos:*PersistentStorageOS CSI:*PersistentCSI
PersistentGlusterfs EndpointsName=endpoints:string Path:string ReadOnly:bool EndpointsNamespace
PersistentRBD
 CephMonitors=monitors RBDImage=image:string FSType:string RBDPool=pool:string RadosUser=user:string Keyring:string
 SecretRef:*SecretReference ReadOnly:bool
PersistentISCSI
 TargetPortal:string IQN:string Lun:int ISCSIInterface:string FSType:string ReadOnly:bool Portals
 DiscoveryCHAPAuth=chapAuthDiscovery:bool SessionCHAPAuth=chapAuthSession:bool SecretRef:*SecretReference
 InitiatorName
PersistentFlexVolume Driver:string FSType:string SecretRef:*SecretReference ReadOnly:bool Options
PersistentCinder VolumeID:string FSType:string ReadOnly:bool SecretRef:*SecretReference
PersistentCephFS
 Monitors Path:string User:string SecretFile:string SecretRef:*SecretReference ReadOnly:bool
PersistentAzureFile SecretName:string ShareName:string ReadOnly:bool SecretNamespace
PersistentScaleIO
 Gateway:string System:string SecretRef:*SecretReference SSLEnabled:bool ProtectionDomain:string
 StoragePool:string StorageMode:string VolumeName:string FSType:string ReadOnly:bool
Local Path:string FSType
PersistentStorageOS
 VolumeName:string VolumeNamespace:string FSType:string ReadOnly:bool SecretRef:*ObjectReference
PersistentCSI
 Driver:string VolumeHandle:string ReadOnly:bool FSType:string VolumeAttributes
 ControllerPublishSecretRef:*SecretReference NodeStageSecretRef:*SecretReference
 NodePublishSecretRef:*SecretReference ControllerExpandSecretRef:*SecretReference NodeExpandSecretRef:*SecretReference
"""
"""A struct a paragraph: `Name:type` a field, nothing for a pointer, list or map without structs in it; `=wire` where
the name on the wire does not follow from the Go name; `+Struct` for the fields of an embedded struct. One struct
stands for several Go types where their fields are alike."""

_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_TAGGED = ("labels", "annotations")


@cache
def _structs() -> dict[str, list[tuple[str, str, str]]]:
    """Struct -> (Go name, wire name, type) of its fields."""
    out: dict[str, list[tuple[str, str, str]]] = {}
    for line in _STRUCTS.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            fields = out[words.pop(0)] = []
        for word in words:
            names, _, kind = word.partition(":")
            name, _, wire = names.partition("=")
            fields.append((name, wire or _wire_name(name), kind or "null"))
    return out


def _wire_name(name: str) -> str:
    """`DNSPolicy` is dnsPolicy, `OS` is os, `HostIP` is hostIP."""
    capitals = next((i for i, char in enumerate(name) if not char.isupper()), len(name) + 1)
    head = max(1, capitals - 1)
    return name[:head].lower() + name[head:]


def internal(value: Obj, struct: str) -> Obj:
    """A value of the wire under the names and with all the fields of its internal type."""
    if struct == "PodSpec":
        hosts = {name: value[name] for name in _HOST_FIELDS if name in value}
        value = {**value, "securityContext": {**(value.get("securityContext") or {}), **hosts}}
    out: Obj = {}
    for name, wire, kind in _structs()[struct]:
        if name == "+ObjectMeta":
            out |= {tag: _plain(value["metadata"][tag]) for tag in _TAGGED if (value.get("metadata") or {}).get(tag)}
        elif name.startswith("+"):
            out |= internal(value, name[1:])
        else:
            out[name] = _field(value.get(wire), kind)
    return out


def _field(value: Any, kind: str) -> Any:
    if kind in _ZEROS:
        return _ZEROS[kind] if value is None else _plain(value)
    if kind.startswith("[]"):
        return None if value is None else [internal(each, kind[2:]) for each in value]
    if kind.startswith("*"):
        return None if value is None else internal(value, kind[1:])
    return internal(value or {}, kind)


def _plain(value: Any) -> Any:
    """Maps have their keys in order; label selectors are shown as they are on the wire."""
    if not isinstance(value, dict):
        return value
    if "matchLabels" in value or "matchExpressions" in value:
        parts = {"matchLabels": value.get("matchLabels"), "matchExpressions": value.get("matchExpressions")}
        return {name: _plain(part) for name, part in parts.items() if part}
    return {key: value[key] for key in sorted(value)}
