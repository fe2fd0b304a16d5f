/**
 * The browser protocol, version 1: what travels on `/ws/clusters/NAME`.
 *
 * The socket carries state down and acks and presence up; every write goes over HTTP. Rows travel as arrays whose
 * order is named by `cols`; `store` maps them by name, so a server may add columns without breaking an older page.
 */

export const PROTOCOL_VERSION = 1;

export type TableName =
  | "nodes"
  | "pods"
  | "workloads"
  | "services"
  | "namespaces"
  | "components"
  | "configs"
  | "events"
  | "faults";

export type Cell = unknown;
export type RowArray = Cell[];

export interface WireTable {
  cols: string[];
  rows: RowArray[];
}

export interface HelloFrame {
  t: "hello";
  protocol: number;
  cluster: string;
  session: string;
  user: string;
  can?: { write?: boolean; faults?: boolean; share?: boolean };
  limits?: { frame?: number };
  /** names the cluster's incarnation; sent back in `resume` */
  epoch?: string;
}

export type Speed = number | "max";

export interface ClockFrame {
  t: "clock";
  /** virtual time, microseconds since the epoch */
  now: number;
  /** the server's wall clock at that moment, microseconds */
  wall: number;
  speed: Speed;
  paused: boolean;
  /** how far the simulation is behind, virtual seconds */
  lag: number;
}

export interface SnapshotFrame {
  t: "snapshot";
  seq: number;
  rev: number;
  part: number;
  parts: number;
  tables: Partial<Record<TableName, WireTable>>;
}

/** Short-lived facts that only animate; nothing may depend on them. */
export interface Note {
  k: string;
  pod?: string;
  node?: string;
}

export interface DeltaFrame {
  t: "delta";
  seq: number;
  rev: number;
  up?: Partial<Record<TableName, RowArray[]>>;
  rm?: Partial<Record<TableName, string[]>>;
  notes?: Note[];
}

export interface Peer {
  session: string;
  user: string;
  color: string;
  cursor: [number, number] | null;
  selection: string | null;
}

export interface PresenceFrame {
  t: "presence";
  peers: Peer[];
}

export interface ErrorFrame {
  t: "error";
  code: string;
  message: string;
}

export interface ByeFrame {
  t: "bye";
  reason: string;
}

export type ServerFrame =
  | HelloFrame
  | ClockFrame
  | SnapshotFrame
  | DeltaFrame
  | PresenceFrame
  | ErrorFrame
  | ByeFrame;

export type StateFrame = SnapshotFrame | DeltaFrame;

export type ClientFrame =
  | { t: "start" }
  | { t: "resume"; rev: number; seq: number; epoch?: string }
  | { t: "ack"; seq: number }
  | { t: "presence"; cursor: [number, number] | null; selection: string | null };
