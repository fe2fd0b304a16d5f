import { describe, expect, it } from "vitest";
import { fingerprint, Model } from "@/store/model";
import { live, loaded, mischief, newSim, snapshotFrame } from "./support";

describe("model", () => {
  it.each([1, 2, 3, 4, 5])("ends where a fresh snapshot begins, after deltas (seed %i)", seed => {
    const sim = newSim({ seed, scenario: "demo" });
    const model = loaded(sim);
    live(sim, 500, delta => model.apply(delta), mischief(sim));
    expect(fingerprint(model)).toEqual(fingerprint(loaded(sim)));
    expect(model.rev).toBe(sim.rev);
  });

  it("takes a snapshot in parts only when the last has come", () => {
    const sim = newSim();
    const [first, second, third] = snapshotFrame(sim, 1, 3);
    const model = new Model();
    expect(model.apply(first!)).toBeNull();
    expect(model.apply(second!)).toBeNull();
    expect(model.loaded).toBe(false);
    expect(model.pods.size).toBe(0);
    const changes = model.apply(third!);
    expect(changes?.reset).toBe(true);
    expect(fingerprint(model)).toEqual(fingerprint(loaded(sim)));
  });

  it("keeps integer ids of what stayed when a snapshot comes over existing state", () => {
    const sim = newSim({ seed: 3 });
    const model = loaded(sim);
    live(sim, 200, delta => model.apply(delta));
    const before = new Map(model.pods.index);
    live(sim, 100, () => undefined, mischief(sim));
    for (const frame of snapshotFrame(sim)) model.apply(frame);
    expect(fingerprint(model)).toEqual(fingerprint(loaded(sim)));
    const stayed = [...model.pods.index].filter(([id]) => before.has(id));
    expect(stayed.length).toBeGreaterThan(0);
    for (const [id, i] of stayed) expect(before.get(id)).toBe(i);
  });

  it("gives a pod its node when the node comes after it, and takes it when the node goes", () => {
    const sim = newSim();
    const model = loaded(sim);
    live(sim, 200, delta => model.apply(delta));
    const pod = [...model.pods.indices()].find(i => model.pods.nodeName[i] === "node-2")!;
    expect(model.nodes.at(model.pods.node[pod]!)!.name).toBe("node-2");
    const node = model.nodes.get(sim.node("node-2")!.id)!;
    const gone = model.apply({ t: "delta", seq: 9000, rev: sim.rev + 1, rm: { nodes: [node.id] } });
    expect(model.pods.node[pod]).toBe(-1);
    expect(gone!.podsMoved.map(m => m.pod)).toContain(pod);
    const row = model.nodes.cols.map(c => (node as unknown as Record<string, unknown>)[c]);
    model.apply({ t: "delta", seq: 9001, rev: sim.rev + 2, up: { nodes: [row] } });
    expect(model.nodes.at(model.pods.node[pod]!)!.name).toBe("node-2");
  });

  it("does not give an integer id to another pod in the frame in which it was freed", () => {
    const model = loaded(newSim());
    const cols = ["id", "ns", "name", "node", "state"];
    model.pods.cols = cols;
    model.apply({ t: "delta", seq: 2, rev: 2, up: { pods: [["a", "d", "a", "", "pending"]] } });
    const a = model.pods.index.get("a")!;
    model.apply({
      t: "delta",
      seq: 3,
      rev: 3,
      rm: { pods: ["a"] },
      up: { pods: [["b", "d", "b", "", "pending"]] },
    });
    expect(model.pods.index.get("b")).not.toBe(a);
    expect(model.pods.name[a]).toBe("a");
    model.apply({ t: "delta", seq: 4, rev: 4, up: { pods: [["c", "d", "c", "", "pending"]] } });
    expect(model.pods.index.get("c")).toBe(a);
  });

  it("maps columns by name, so a server may add some", () => {
    const model = new Model();
    model.apply({
      t: "snapshot",
      seq: 1,
      rev: 1,
      part: 0,
      parts: 1,
      tables: { pods: { cols: ["extra", "name", "id", "state"], rows: [["?", "web", "u1", "running"]] } },
    });
    expect(model.pods.get("u1")).toMatchObject({ name: "web", state: "running", node: "", restarts: 0 });
  });
});
