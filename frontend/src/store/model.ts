/**
 * The cluster as the browser knows it: snapshot at R, deltas after R.
 *
 * Lives outside React. `apply` takes state frames in order and reports what changed in integer ids; listeners get each
 * report once. A snapshot over existing state keeps the integer ids of what is still there, so a reconnect does not
 * shuffle the canvas.
 */
import type {
  DeltaFrame,
  RowArray,
  SnapshotFrame,
  StateFrame,
  TableName,
  WireTable,
} from "@/protocol/frames";
import type {
  ClusterComponent,
  Config,
  EventRow,
  Fault,
  Namespace,
  Node,
  Rows,
  Service,
  Workload,
} from "@/protocol/rows";
import { type Changes, noChanges } from "./changes";
import { ADDED, LOOKS, PLACE, PodTable } from "./pods";
import { Table, toObject } from "./table";

type PlainName = Exclude<TableName, "pods">;
const PLAIN: readonly PlainName[] = [
  "nodes",
  "workloads",
  "services",
  "namespaces",
  "components",
  "configs",
  "events",
  "faults",
];
const EVENTS_KEPT = 500;

export type Listener = (changes: Changes) => void;

export class Model {
  rev = 0;
  /** false until the first snapshot is complete */
  loaded = false;
  readonly pods = new PodTable();
  readonly nodes = new Table<Node>();
  readonly workloads = new Table<Workload>();
  readonly services = new Table<Service>();
  readonly namespaces = new Table<Namespace>();
  readonly components = new Table<ClusterComponent>();
  readonly configs = new Table<Config>();
  readonly events = new Table<EventRow>();
  readonly faults = new Table<Fault>();
  readonly nodeByName = new Map<string, number>();

  private parts: SnapshotFrame[] = [];
  private readonly listeners = new Set<Listener>();

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Apply one state frame. Parts of a snapshot are held back until the last. */
  apply(frame: StateFrame): Changes | null {
    let changes: Changes;
    if (frame.t === "snapshot") {
      if (frame.part === 0) this.parts = [];
      this.parts.push(frame);
      if (frame.part < frame.parts - 1) return null;
      changes = this.applySnapshot(this.parts);
      this.parts = [];
    } else {
      changes = this.applyDelta(frame);
    }
    this.rev = frame.rev;
    for (const listener of this.listeners) listener(changes);
    return changes;
  }

  table<N extends PlainName>(name: N): Table<Rows[N]> {
    return this[name] as unknown as Table<Rows[N]>;
  }

  private applySnapshot(parts: SnapshotFrame[]): Changes {
    const changes = noChanges(true);
    this.recycle();
    const merged: Partial<Record<TableName, WireTable>> = {};
    for (const part of parts) {
      for (const [name, wire] of Object.entries(part.tables) as [TableName, WireTable][]) {
        const seen = merged[name];
        if (seen) for (const row of wire.rows) seen.rows.push(row);
        else merged[name] = { cols: wire.cols, rows: [...wire.rows] };
      }
    }
    for (const name of PLAIN) {
      const wire = merged[name];
      const table = this[name] as Table<{ id: string }>;
      if (wire) table.cols = wire.cols;
      const keep = new Set(wire ? wire.rows.map(row => row[wire.cols.indexOf("id")] as string) : []);
      for (const id of [...table.index.keys()]) if (!keep.has(id)) this.removePlain(name, id, changes);
      if (wire) for (const row of wire.rows) this.putPlain(name, row, changes);
      changes.tables.add(name);
    }
    const pods = merged.pods;
    if (pods) this.pods.cols = pods.cols;
    const idAt = pods ? pods.cols.indexOf("id") : 0;
    const keep = new Set(pods ? pods.rows.map(row => row[idAt] as string) : []);
    for (const id of [...this.pods.index.keys()]) if (!keep.has(id)) this.removePod(id, changes);
    if (pods) for (const row of pods.rows) this.putPod(row, changes);
    changes.tables.add("pods");
    this.loaded = true;
    return changes;
  }

  private applyDelta(frame: DeltaFrame): Changes {
    const changes = noChanges();
    this.recycle();
    changes.notes = frame.notes ?? [];
    const { rm = {}, up = {} } = frame;
    for (const id of rm.pods ?? []) this.removePod(id, changes);
    for (const name of PLAIN) {
      for (const id of rm[name] ?? []) this.removePlain(name, id, changes);
      for (const row of up[name] ?? []) this.putPlain(name, row, changes);
      if (rm[name]?.length || up[name]?.length) changes.tables.add(name);
    }
    for (const row of up.pods ?? []) this.putPod(row, changes);
    if (rm.pods?.length || up.pods?.length) changes.tables.add("pods");
    if (up.events?.length) this.trimEvents();
    return changes;
  }

  private recycle(): void {
    this.pods.recycle();
    for (const name of PLAIN) (this[name] as Table<{ id: string }>).recycle();
  }

  private readonly resolveNode = (name: string): number => this.nodeByName.get(name) ?? -1;

  private putPod(row: RowArray, changes: Changes): void {
    const [i, what, before] = this.pods.put(row, this.resolveNode);
    if (what & ADDED) changes.podsAdded.push(i);
    else {
      if (what & PLACE) changes.podsMoved.push({ pod: i, from: before });
      if (what & LOOKS) changes.podsChanged.push(i);
    }
  }

  private removePod(id: string, changes: Changes): void {
    const i = this.pods.remove(id);
    if (i >= 0) changes.podsRemoved.push(i);
  }

  private putPlain(name: PlainName, row: RowArray, changes: Changes): void {
    const table = this[name] as Table<{ id: string }>;
    const object = toObject<{ id: string }>(table.cols, row);
    const known = table.index.has(object.id);
    const i = table.put(object);
    if (name !== "nodes") return;
    const node = object as unknown as Node;
    if (known) {
      changes.nodesChanged.push(i);
    } else {
      changes.nodesAdded.push(i);
      this.nodeByName.set(node.name, i);
      this.rehome(node.name, i, changes);
    }
  }

  private removePlain(name: PlainName, id: string, changes: Changes): void {
    const table = this[name] as Table<{ id: string }>;
    const row = table.get(id);
    const i = table.remove(id);
    if (i < 0 || name !== "nodes") return;
    const node = row as unknown as Node;
    changes.nodesRemoved.push(i);
    if (this.nodeByName.get(node.name) === i) this.nodeByName.delete(node.name);
    this.rehome(node.name, -1, changes);
  }

  /** Pods name their node; give them its integer id when it comes, -1 when it goes. */
  private rehome(name: string, node: number, changes: Changes): void {
    const pods = this.pods;
    for (let i = 0; i < pods.end; i++) {
      if (pods.alive[i] && pods.nodeName[i] === name && pods.node[i] !== node) {
        changes.podsMoved.push({ pod: i, from: pods.node[i]! });
        pods.node[i] = node;
      }
    }
  }

  private trimEvents(): void {
    const excess = this.events.size - EVENTS_KEPT;
    if (excess < 50) return;
    const oldest = this.events.list().sort((a, b) => a.last - b.last);
    for (const event of oldest.slice(0, excess)) this.events.remove(event.id);
  }
}

/** Every row by table and id, in a comparable form: what "snapshot + deltas = fresh snapshot" compares. */
export function fingerprint(model: Model): Record<string, Record<string, unknown>> {
  const out: Record<string, Record<string, unknown>> = { pods: {} };
  for (const i of model.pods.indices()) out.pods![model.pods.id[i]!] = model.pods.row(i);
  for (const name of PLAIN) {
    out[name] = {};
    for (const row of model[name].values()) out[name]![row.id] = row;
  }
  return out;
}
