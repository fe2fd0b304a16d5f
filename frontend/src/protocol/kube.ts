/** The few Kubernetes wire types the page handles by name. Everything else stays an opaque object. */

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** metav1.Status: how the API server says no. */
export interface Status {
  kind: "Status";
  apiVersion?: string;
  status?: "Success" | "Failure";
  message?: string;
  reason?: string;
  code: number;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface ResourceRef {
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
}

/** Kinds the page names itself; others are found by discovery. */
export const KNOWN: Record<string, ResourceRef> = {
  Pod: { group: "", version: "v1", plural: "pods", namespaced: true },
  Node: { group: "", version: "v1", plural: "nodes", namespaced: false },
  Service: { group: "", version: "v1", plural: "services", namespaced: true },
  Namespace: { group: "", version: "v1", plural: "namespaces", namespaced: false },
  ConfigMap: { group: "", version: "v1", plural: "configmaps", namespaced: true },
  Secret: { group: "", version: "v1", plural: "secrets", namespaced: true },
  ServiceAccount: { group: "", version: "v1", plural: "serviceaccounts", namespaced: true },
  ReplicationController: { group: "", version: "v1", plural: "replicationcontrollers", namespaced: true },
  PersistentVolumeClaim: { group: "", version: "v1", plural: "persistentvolumeclaims", namespaced: true },
  Deployment: { group: "apps", version: "v1", plural: "deployments", namespaced: true },
  ReplicaSet: { group: "apps", version: "v1", plural: "replicasets", namespaced: true },
  StatefulSet: { group: "apps", version: "v1", plural: "statefulsets", namespaced: true },
  DaemonSet: { group: "apps", version: "v1", plural: "daemonsets", namespaced: true },
  Job: { group: "batch", version: "v1", plural: "jobs", namespaced: true },
  CronJob: { group: "batch", version: "v1", plural: "cronjobs", namespaced: true },
  Ingress: { group: "networking.k8s.io", version: "v1", plural: "ingresses", namespaced: true },
};

export function resourcePath(
  ref: ResourceRef,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = ref.group === "" ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  const scope = ref.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const tail = name ? `/${encodeURIComponent(name)}` : "";
  return `${root}${scope}/${ref.plural}${tail}${subresource ? `/${subresource}` : ""}`;
}

export function apiVersionOf(ref: ResourceRef): string {
  return ref.group === "" ? ref.version : `${ref.group}/${ref.version}`;
}
