/** The toy cluster as a source of frames, and small builders. */
import { ClusterSession } from "@/actions/session";
import type { LinkEnv } from "@/net/link";
import type { DeltaFrame, SnapshotFrame } from "@/protocol/frames";
import { Model } from "@/store/model";
import { ui } from "@/store/ui";
// @ts-expect-error a plain script without types
import { Sim as PlainSim } from "../tools/fake/sim.mjs";

export interface Sim {
  advance(ms: number): void;
  flush(): Omit<DeltaFrame, "t" | "seq"> | null;
  snapshot(): SnapshotFrame["tables"];
  rev: number;
  random(): number;
  speed: number;
  tables: Record<string, Map<string, never>>;
  addNode(name: string, role?: string, zone?: string): unknown;
  addDeployment(name: string, ns: string, replicas: number, more?: object): { desired: number };
  power(name: string, on: boolean): boolean;
  kill(pod: unknown): void;
  drop(table: string, id: string): void;
  node(name: string): { id: string } | undefined;
}

export function newSim(options: object = {}): Sim {
  return new PlainSim(options) as Sim;
}

export function snapshotFrame(sim: Sim, seq = 1, parts = 1): SnapshotFrame[] {
  const tables = Object.entries(sim.snapshot()) as [
    keyof SnapshotFrame["tables"],
    { cols: string[]; rows: unknown[][] },
  ][];
  if (parts === 1) {
    return [{ t: "snapshot", seq, rev: sim.rev, part: 0, parts: 1, tables: Object.fromEntries(tables) }];
  }
  return Array.from({ length: parts }, (_, part) => ({
    t: "snapshot" as const,
    seq: seq + part,
    rev: sim.rev,
    part,
    parts,
    tables: Object.fromEntries(
      tables.map(([name, { cols, rows }]) => {
        const size = Math.ceil(rows.length / parts);
        return [name, { cols, rows: rows.slice(part * size, (part + 1) * size) }];
      }),
    ),
  }));
}

export function loaded(sim: Sim): Model {
  const model = new Model();
  for (const frame of snapshotFrame(sim)) model.apply(frame);
  return model;
}

/** Let the cluster live for a while and hand on what it says, as the websocket would. */
export function live(
  sim: Sim,
  frames: number,
  each: (delta: DeltaFrame) => void,
  act?: (i: number) => void,
): void {
  for (let i = 0; i < frames; i++) {
    act?.(i);
    sim.advance(50);
    const delta = sim.flush();
    if (delta) each({ t: "delta", seq: i + 2, ...delta });
  }
}

/** Things happening to a cluster, by the simulation's own random source. */
export function mischief(sim: Sim): (i: number) => void {
  return i => {
    const r = sim.random();
    const pods = [...sim.tables.pods!.values()];
    if (i % 7 === 0 && pods.length) sim.kill(pods[Math.floor(r * pods.length)]);
    if (i % 41 === 0) sim.addDeployment("frontend", "default", Math.floor(r * 30));
    if (i % 97 === 50) sim.power("node-2", r > 0.5);
    if (i % 131 === 60) sim.addNode(`extra-${i}`, "worker", `zone-${r > 0.5 ? "a" : "d"}`);
    if (i % 173 === 100) {
      const extra = [...sim.tables.nodes!.values()].find(n =>
        (n as { name: string }).name.startsWith("extra"),
      );
      if (extra) sim.drop("nodes", (extra as { id: string }).id);
    }
  };
}

/** A link that never connects. */
const nowhere: LinkEnv = {
  connect: () => ({ send() {}, close() {}, onopen: null, onmessage: null, onclose: null }),
  setTimeout: () => 0,
  clearTimeout: () => undefined,
  now: () => 0,
  random: () => 0,
};

/** The demo cluster, opened and allowed to be changed; requests go to whatever `fetch` is. */
export function openSession(sim: Sim = newSim({ seed: 1 })): ClusterSession {
  const session = new ClusterSession("demo", nowhere);
  for (const frame of snapshotFrame(sim)) session.model.apply(frame);
  ui.set({ canWrite: true, link: { phase: "live" }, toasts: [], echoes: [], drains: {} });
  return session;
}
