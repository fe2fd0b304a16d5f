import { describe, expect, it } from "vitest";
import type { Service } from "@/protocol/rows";
import { chooseDensity, DENSITIES } from "@/scene/density";
import { CARD, center, contains, intersects, type Rect } from "@/scene/geometry";
import { layout } from "@/scene/layout";
import { Scene } from "@/scene/scene";
import type { Model } from "@/store/model";
import { live, loaded, mischief, newSim, snapshotFrame } from "./support";

function sceneOf(model: Model): Scene {
  const scene = new Scene(model);
  model.listen(changes => scene.apply(changes));
  return scene;
}

function check(scene: Scene): void {
  const { pods, nodes } = scene.model;
  const taken = new Set<string>();
  for (const i of pods.indices()) {
    const node = pods.node[i]!;
    expect(scene.slots.node(i)).toBe(node);
    const rect = scene.podRect(i);
    if (!rect) continue;
    if (node >= 0) {
      const place = `${node}/${scene.slots.slot(i)}`;
      expect(taken.has(place)).toBe(false);
      taken.add(place);
      const hit = scene.hit(rect.x + rect.w / 2, rect.y + rect.h / 2);
      expect(hit).toMatchObject({ kind: "pod", pod: i, node });
    } else {
      expect(contains(scene.layout.shelf, center(rect).x, center(rect).y)).toBe(true);
    }
  }
  const cards: Rect[] = [];
  nodes.rows.forEach((node, i) => {
    if (!node) {
      expect(scene.nodeRect(i)).toBeNull();
      expect(scene.slots.count(i)).toBe(0);
      return;
    }
    const rect = scene.nodeRect(i)!;
    expect(cards.some(card => intersects(card, rect))).toBe(false);
    cards.push(rect);
    expect(scene.layout.zones.some(z => contains(z.rect, rect.x, rect.y))).toBe(true);
    expect(scene.hit(rect.x + 30, rect.y + 10)).toMatchObject({ kind: "node", node: i });
  });
  for (const area of [scene.layout.deck, scene.layout.shelf]) {
    expect(cards.some(card => intersects(card, area))).toBe(false);
  }
}

describe("scene", () => {
  it.each([1, 2, 3])("keeps every pod in a place of its own, findable by arithmetic (seed %i)", seed => {
    const sim = newSim({ seed });
    const model = loaded(sim);
    const scene = sceneOf(model);
    for (const frame of snapshotFrame(sim)) model.apply(frame);
    let n = 0;
    live(
      sim,
      400,
      delta => {
        model.apply(delta);
        if (n++ % 10 === 0) check(scene);
      },
      mischief(sim),
    );
    check(scene);
  });

  it("leaves pods in their cells while others come and go", () => {
    const sim = newSim({ seed: 7 });
    const model = loaded(sim);
    const scene = sceneOf(model);
    live(sim, 300, delta => model.apply(delta));
    const before = new Map(
      [...model.pods.indices()].map(i => [model.pods.id[i]!, [scene.slots.node(i), scene.slots.slot(i)]]),
    );
    const density = scene.density.name;
    sim.kill([...sim.tables.pods!.values()].find(p => (p as { node: string }).node));
    live(sim, 100, delta => model.apply(delta));
    expect(scene.density.name).toBe(density);
    for (const i of model.pods.indices()) {
      const old = before.get(model.pods.id[i]!);
      if (old) expect([scene.slots.node(i), scene.slots.slot(i)]).toEqual(old);
    }
  });

  it("tells where a bound pod came from and goes to", () => {
    const sim = newSim({ seed: 2, scenario: "none" });
    const model = loaded(sim);
    const scene = new Scene(model);
    scene.apply({ ...model.apply(snapshotFrame(sim)[0]!)! });
    const moves: { from: Rect | null; to: Rect | null }[] = [];
    model.listen(changes => {
      moves.push(...scene.apply(changes).transitions.filter(t => t.kind === "move"));
    });
    sim.addDeployment("web", "default", 2);
    live(sim, 60, delta => model.apply(delta));
    expect(moves).toHaveLength(2);
    for (const { from, to } of moves) {
      expect(contains(scene.layout.shelf, from!.x, from!.y)).toBe(true);
      expect(to!.y).toBeGreaterThan(scene.layout.shelf.y);
    }
  });

  it("makes room when nodes fill up, and does not flicker at the edge", () => {
    expect(chooseDensity(5, 0)).toBe(0);
    const chip = DENSITIES[0]!.capacity;
    expect(chooseDensity(chip + 1, 0)).toBe(1);
    expect(chooseDensity(chip, 1)).toBe(1);
    expect(chooseDensity(Math.floor(chip * 0.7), 1)).toBe(0);
    for (const d of DENSITIES) {
      expect(d.capacity).toBe(d.cols * d.rows);
      expect(d.cols * d.pitchX).toBeLessThanOrEqual(CARD.gridW + 5);
    }
    expect(DENSITIES.some(d => d.capacity >= 110 && d.capacity < 200)).toBe(true);
  });

  it("groups pending pods by reason and never draws two tiles on one place", () => {
    const sim = newSim({ seed: 1, scenario: "none", workers: 1 });
    sim.addDeployment("huge", "default", 300, { cpu: 9000 });
    const model = loaded(sim);
    const scene = sceneOf(model);
    live(sim, 200, delta => model.apply(delta));
    const groups = scene.shelf.groups;
    expect(groups.reduce((n, g) => n + g.pods.length, 0)).toBe(300);
    expect(groups.map(g => g.reason)).toContain("Insufficient cpu");
    const shown = groups.flatMap(g => g.pods.slice(0, g.shown).map(p => scene.podRect(p)!));
    for (const rect of shown)
      expect(rect.x + rect.w).toBeLessThanOrEqual(scene.layout.shelf.x + scene.layout.shelf.w + 1);
    expect(new Set(shown.map(r => `${r.x},${r.y}`)).size).toBe(shown.length);
  });

  it("puts moved cards where they were put, and back when tidied", () => {
    const sim = newSim();
    const model = loaded(sim);
    const scene = sceneOf(model);
    for (const frame of snapshotFrame(sim)) model.apply(frame);
    const node = model.nodeByName.get("node-1")!;
    const home = scene.nodeRect(node)!;
    scene.moved.set("node-1", { x: 48, y: 2000 });
    scene.relayout();
    expect(scene.nodeRect(node)).toMatchObject({ x: 48, y: 2000 });
    check(scene);
    scene.moved.clear();
    scene.relayout();
    expect(scene.nodeRect(node)).toEqual(home);
  });

  it("sets workloads and services in columns that read from left to right", () => {
    const services: Service[] = Array.from({ length: 40 }, (_, i) => ({
      id: `s${i}`,
      ns: i < 20 ? "default" : "shop",
      name: `service-${i}`,
      type: "ClusterIP",
      ip: "10.96.0.1",
      ports: ["80"],
      selector: null,
      endpoints: 1,
      created: 0,
    }));
    const { lane, laneLabels, laneRect } = layout({
      nodes: [],
      components: [],
      workloads: [],
      services,
      moved: new Map(),
    });
    const places = services.map(service => lane.find(item => item.id === service.id)!.rect);
    for (const [i, rect] of places.entries()) {
      const before = places[i - 1];
      if (before) expect(rect.x > before.x || (rect.x === before.x && rect.y > before.y)).toBe(true);
      expect(rect.x + rect.w).toBeLessThan(0);
      expect(contains(laneRect, rect.x, rect.y)).toBe(true);
    }
    // Each column says at its head whose the first row is.
    for (const x of new Set(places.map(rect => rect.x))) {
      const head = Math.min(...places.filter(rect => rect.x === x).map(rect => rect.y));
      expect(
        laneLabels.some(label => label.level === "namespace" && label.rect.x === x && label.rect.y < head),
      ).toBe(true);
    }
  });

  it("shows a ghost of a first node in an empty cluster", () => {
    const model = loaded(newSim({ workers: 0, controlPlanes: 0, scenario: "none" }));
    const scene = new Scene(model);
    const ghost = scene.layout.ghost!;
    expect(scene.hit(center(ghost).x, center(ghost).y).kind).toBe("ghost");
  });

  it("lays out five hundred nodes close to the shape of a screen", () => {
    const model = loaded(newSim({ workers: 500, scenario: "load" }));
    const scene = new Scene(model);
    const { w, h } = scene.layout.bounds;
    expect(w / h).toBeGreaterThan(1.3);
    expect(w / h).toBeLessThan(2.6);
  });
});
