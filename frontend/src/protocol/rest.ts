/** The playground's own REST API (`/api/v1/`): what the page sends and receives. */
import type { SnapshotFrame, Speed } from "./frames";

export interface Session {
  user: string;
  csrf: string;
  anonymous: boolean;
}

/** An RFC 9457 problem object. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  errors?: { field: string; message: string }[];
}

export interface ClusterSummary {
  name: string;
  created?: string | number;
  workers?: number;
  nodes?: number;
  nodesReady?: number;
  pods?: number;
  running?: number;
  pending?: number;
  failing?: number;
  speed?: Speed | string;
  paused?: boolean;
  lastActivity?: string | number;
  revision?: number;
  /** per node: [ready, not ready, pending, failing] pods */
  heat?: number[][];
}

export interface NewCluster {
  name: string;
  workers?: number;
  controlPlanes?: number;
  cpu?: string;
  memory?: string;
  pods?: number;
  zones?: string[];
  speed?: string;
  seed?: number;
  addons?: "default" | "none";
}

export interface NodeVerdict {
  name: string;
  feasible: boolean;
  plugin?: string;
  code?: string;
  reasons?: string[];
  scores?: Record<string, number>;
  total?: number;
}

export interface Explanation {
  summary: string;
  state: string;
  nodes: NodeVerdict[];
  preFilter?: Record<string, unknown> | null;
  condition?: Record<string, unknown> | null;
}

export interface MoveVerdicts {
  nodes: NodeVerdict[];
  refused?: string | null;
}

export interface NewFault {
  kind: string;
  target: string;
  /** for example "60s" */
  duration?: string;
}

/** One request to the cluster's API. */
export interface AuditRow {
  id: number;
  /** wall clock */
  at: string;
  /** virtual time */
  time: string;
  user: string;
  /** whom the user impersonated; empty: nobody */
  actingAs?: string;
  verb: string;
  path: string;
  resource: string;
  namespace: string;
  name: string;
  code: number;
  /** microseconds */
  latency: number;
}

/** What of the audit log is wanted; names of the query's parameters. */
export interface AuditFilter {
  user?: string;
  verb?: string;
  resource?: string;
  namespace?: string;
  object?: string;
  /** 404 or 4xx */
  code?: string;
  text?: string;
}

export interface AuditQuery extends AuditFilter {
  after?: number;
  before?: number;
  limit?: number;
}

export interface NewMachine {
  name?: string;
  zone?: string;
  cpu?: string;
  memory?: string;
}

export interface SchemaKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  type: string;
}

export type SchemaType =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "intstr"
  | "quantity"
  | "time"
  | "any"
  | "object"
  | "array"
  | "map";

export interface SchemaField {
  t: SchemaType;
  /** type name of an object */
  ref?: string;
  /** items of an array */
  i?: SchemaField;
  /** values of a map */
  v?: SchemaField;
  /** allowed values */
  e?: string[];
  /** valid Kubernetes, but without effect in this simulator: why */
  x?: string;
  /** the value that a server writes by itself: no word about it then */
  d?: unknown;
}

export interface SchemaObject {
  p: Record<string, SchemaField>;
  r?: string[];
}

export type MemberRole = "viewer" | "editor" | "owner";

export interface Member {
  user: string;
  role: MemberRole;
}

/** How much happened when; times in virtual microseconds. */
export interface TimelineData {
  since: number;
  until: number;
  width: number;
  /** the last revision before `since`; 0: none is kept */
  base: number;
  head: number;
  /** [index, last revision, changes] */
  buckets: [number, number, number][];
  marks: TimelineMark[];
}

export interface TimelineMark {
  rev: number;
  time: number;
  kind: "fault" | "heal" | "action" | "warning";
  text: string;
}

/** The summary tables as they were. */
export interface PastState {
  rev: number;
  vtime: number;
  tables: SnapshotFrame["tables"];
}

/** What a type and its fields are for. */
export interface TypeWords {
  description: string;
  fields: Record<string, string>;
}

export interface Schema {
  kinds: SchemaKind[];
  types: Record<string, SchemaObject>;
}
