/** Rows of the projection tables, by column name. Units are in the names' comments; ids are object uids. */

export const POD_STATES = [
  "running",
  "creating",
  "pending",
  "notready",
  "crash",
  "failed",
  "succeeded",
  "terminating",
  "unknown",
] as const;
export type PodState = (typeof POD_STATES)[number];

export interface ContainerCell {
  name: string;
  state: string;
  reason: string;
  ready: boolean;
  restarts: number;
}

export interface Pod {
  id: string;
  ns: string;
  name: string;
  /** "" while unscheduled */
  node: string;
  state: PodState;
  /** kubectl's STATUS column */
  status: string;
  ready: string;
  restarts: number;
  owner: string;
  /** top-level owner, "Deployment/web" */
  workload: string;
  /** requested, millicores */
  cpu: number;
  /** requested, bytes */
  mem: number;
  qos: string;
  reason: string;
  message: string;
  containers: ContainerCell[];
  /** microseconds */
  created: number;
  ip: string;
  image: string;
}

export interface Node {
  id: string;
  name: string;
  role: "worker" | "control-plane";
  zone: string;
  ready: "True" | "False" | "Unknown";
  cordoned: boolean;
  taints: string[];
  /** allocatable: millicores, bytes, pods */
  cpu: number;
  mem: number;
  slots: number;
  /** requested by the pods on it */
  cpuReq: number;
  memReq: number;
  power: "on" | "off" | "";
  kubelet: "running" | "stopped" | "";
  pressure: string[];
  version: string;
  created: number;
  deleting: boolean;
  addr: string;
}

/** Kinds with a scale subresource. */
export const SCALABLE: readonly string[] = [
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "ReplicationController",
];

export interface Workload {
  id: string;
  kind: string;
  ns: string;
  name: string;
  owner: string;
  desired: number;
  current: number;
  ready: number;
  updated: number;
  available: number;
  paused: boolean;
  hpa: string;
  created: number;
  images: string[];
  generationSeen: boolean;
}

export interface Service {
  id: string;
  ns: string;
  name: string;
  type: string;
  ip: string;
  ports: string[];
  selector: Record<string, string> | null;
  endpoints: number;
  created: number;
}

export interface Namespace {
  id: string;
  name: string;
  phase: string;
}

export interface ClusterComponent {
  id: string;
  name: string;
  node: string;
  state: "running" | "stopped" | "down";
  queue: number;
  leader: boolean;
}

export interface Config {
  id: string;
  kind: string;
  ns: string;
  name: string;
  created: number;
}

export interface EventRow {
  id: string;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  objKind: string;
  objNs: string;
  objName: string;
  objId: string;
  count: number;
  last: number;
  source: string;
}

export interface Fault {
  id: string;
  kind: string;
  target: string;
  until: number | null;
  since: number;
}

export interface Rows {
  nodes: Node;
  pods: Pod;
  workloads: Workload;
  services: Service;
  namespaces: Namespace;
  components: ClusterComponent;
  configs: Config;
  events: EventRow;
  faults: Fault;
}
