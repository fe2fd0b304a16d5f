/**
 * Pods as a structure of arrays: the renderer walks integers, not objects.
 *
 * A pod keeps its integer id while it lives; an id given back is reused only after the frame in which it was freed.
 */
import type { RowArray } from "@/protocol/frames";
import { type ContainerCell, POD_STATES, type Pod, type PodState } from "@/protocol/rows";

export const STATE_OF: Record<string, number> = Object.fromEntries(POD_STATES.map((state, i) => [state, i]));
export const STATE = Object.fromEntries(POD_STATES.map((state, i) => [state, i])) as Record<PodState, number>;
const UNKNOWN = STATE.unknown;

type StringColumn =
  | "ns"
  | "name"
  | "status"
  | "ready"
  | "owner"
  | "workload"
  | "qos"
  | "reason"
  | "message"
  | "ip"
  | "image";
const STRINGS: readonly StringColumn[] = [
  "ns", "name", "status", "ready", "owner", "workload", "qos", "reason", "message", "ip", "image",
]; // biome-ignore format: a list

/** What a row changed, as far as drawing is concerned. */
export const SAME = 0;
export const LOOKS = 1;
export const PLACE = 2;
export const ADDED = 4;

export class PodTable {
  readonly index = new Map<string, number>();
  version = 0;
  /** one past the highest integer id in use */
  end = 0;

  id: string[] = [];
  ns: string[] = [];
  name: string[] = [];
  status: string[] = [];
  ready: string[] = [];
  owner: string[] = [];
  workload: string[] = [];
  qos: string[] = [];
  reason: string[] = [];
  message: string[] = [];
  ip: string[] = [];
  image: string[] = [];
  containers: ContainerCell[][] = [];
  nodeName: string[] = [];

  alive: Uint8Array = new Uint8Array(256);
  state: Uint8Array = new Uint8Array(256);
  /** integer id of the node, -1 if none is known */
  node: Int32Array = new Int32Array(256);
  restarts: Int32Array = new Int32Array(256);
  cpu: Float64Array = new Float64Array(256);
  mem: Float64Array = new Float64Array(256);
  created: Float64Array = new Float64Array(256);

  private free: number[] = [];
  private freed: number[] = [];
  private at: Partial<Record<string, number>> = {};
  private columns: readonly string[] = [];

  get size(): number {
    return this.index.size;
  }

  get cols(): readonly string[] {
    return this.columns;
  }

  set cols(cols: readonly string[]) {
    this.columns = cols;
    this.at = Object.fromEntries(cols.map((name, i) => [name, i]));
  }

  recycle(): void {
    if (this.freed.length) {
      this.free.push(...this.freed);
      this.freed = [];
    }
  }

  /** Write a row; `resolve` turns a node's name into its integer id. Returns [pod, what changed, node before]. */
  put(row: RowArray, resolve: (name: string) => number): [number, number, number] {
    this.version++;
    const at = this.at;
    const id = row[at.id ?? 0] as string;
    let i = this.index.get(id);
    let what = SAME;
    let before = -1;
    if (i === undefined) {
      i = this.free.pop() ?? this.end++;
      if (i >= this.alive.length) this.grow();
      this.index.set(id, i);
      this.id[i] = id;
      this.alive[i] = 1;
      what = ADDED;
    } else {
      before = this.node[i]!;
    }
    const nodeName = text(row[at.node ?? -1]);
    const node = nodeName === "" ? -1 : resolve(nodeName);
    const state = STATE_OF[row[at.state ?? -1] as string] ?? UNKNOWN;
    if (what !== ADDED) {
      if (node !== before || nodeName !== this.nodeName[i]) what |= PLACE;
      if (
        state !== this.state[i] ||
        row[at.restarts ?? -1] !== this.restarts[i] ||
        row[at.ready ?? -1] !== this.ready[i] ||
        row[at.reason ?? -1] !== this.reason[i] ||
        row[at.status ?? -1] !== this.status[i]
      )
        what |= LOOKS;
    }
    this.nodeName[i] = nodeName;
    this.node[i] = node;
    this.state[i] = state;
    this.restarts[i] = num(row[at.restarts ?? -1]);
    this.cpu[i] = num(row[at.cpu ?? -1]);
    this.mem[i] = num(row[at.mem ?? -1]);
    this.created[i] = num(row[at.created ?? -1]);
    for (const name of STRINGS) this[name][i] = text(row[at[name] ?? -1]);
    const cells = row[at.containers ?? -1] as unknown[][] | undefined;
    this.containers[i] = (cells ?? []).map(toContainer);
    return [i, what, before];
  }

  remove(id: string): number {
    const i = this.index.get(id);
    if (i === undefined) return -1;
    this.version++;
    this.index.delete(id);
    this.alive[i] = 0;
    this.freed.push(i);
    return i;
  }

  get(id: string): Pod | undefined {
    const i = this.index.get(id);
    return i === undefined ? undefined : this.row(i);
  }

  row(i: number): Pod {
    return {
      id: this.id[i]!,
      ns: this.ns[i]!,
      name: this.name[i]!,
      node: this.nodeName[i]!,
      state: POD_STATES[this.state[i]!]!,
      status: this.status[i]!,
      ready: this.ready[i]!,
      restarts: this.restarts[i]!,
      owner: this.owner[i]!,
      workload: this.workload[i]!,
      cpu: this.cpu[i]!,
      mem: this.mem[i]!,
      qos: this.qos[i]!,
      reason: this.reason[i]!,
      message: this.message[i]!,
      containers: this.containers[i]!,
      created: this.created[i]!,
      ip: this.ip[i]!,
      image: this.image[i]!,
    };
  }

  *indices(): IterableIterator<number> {
    for (let i = 0; i < this.end; i++) if (this.alive[i]) yield i;
  }

  private grow(): void {
    const size = this.alive.length * 2;
    this.alive = enlarge(this.alive, new Uint8Array(size));
    this.state = enlarge(this.state, new Uint8Array(size));
    this.node = enlarge(this.node, new Int32Array(size));
    this.restarts = enlarge(this.restarts, new Int32Array(size));
    this.cpu = enlarge(this.cpu, new Float64Array(size));
    this.mem = enlarge(this.mem, new Float64Array(size));
    this.created = enlarge(this.created, new Float64Array(size));
  }
}

function enlarge<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);
}

function num(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function toContainer(cell: unknown[]): ContainerCell {
  return {
    name: text(cell[0]),
    state: text(cell[1]),
    reason: text(cell[2]),
    ready: cell[3] === true,
    restarts: num(cell[4]),
  };
}
