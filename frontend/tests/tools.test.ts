import { beforeEach, describe, expect, it } from "vitest";
import type { MoveVerdicts } from "@/protocol/rest";
import type { Marks } from "@/render/live";
import { type Camera, toWorld } from "@/scene/camera";
import type { Point } from "@/scene/geometry";
import { Scene } from "@/scene/scene";
import type { Ref } from "@/store/ui";
import { Idle } from "@/tools/idle";
import { settle } from "@/tools/place";
import { shortReason } from "@/tools/pod-drag";
import { STEP_PX } from "@/tools/scale-drag";
import { into, nextInDirection, nextProblem, outOf, problems } from "@/tools/spatial";
import type { PointerInput, ToolHost, ToolState } from "@/tools/types";
import { live, loaded, newSim, snapshotFrame } from "./support";

/** A map at zoom 1 with a recording host. */
class Desk implements ToolHost {
  readonly scene: Scene;
  view: Camera = { x: -300, y: -20, z: 1 };
  log: string[] = [];
  shown: Partial<Marks> = {};
  answer: MoveVerdicts | null = null;
  write = true;
  bin_: { x: number; y: number; w: number; h: number } = { x: 5000, y: 5000, w: 100, h: 100 };
  tool: ToolState = new Idle();

  constructor() {
    const sim = newSim({ seed: 1 });
    const model = loaded(sim);
    this.scene = new Scene(model);
    model.listen(changes => this.scene.apply(changes));
    for (const frame of snapshotFrame(sim)) model.apply(frame);
    live(sim, 400, delta => model.apply(delta));
  }

  camera = () => this.view;
  setCamera(camera: Camera): void {
    this.view = camera;
  }
  world = (x: number, y: number): Point => toWorld(this.view, x, y);
  hit(x: number, y: number) {
    const at = this.world(x, y);
    return this.scene.hit(at.x, at.y);
  }
  marks(marks: Partial<Marks>): void {
    Object.assign(this.shown, marks);
  }
  cursor(): void {}
  select(ref: Ref | null): void {
    this.log.push(`select ${ref ? `${ref.kind}` : "nothing"}`);
  }
  hover(): void {}
  focus(ref: Ref): void {
    this.log.push(`focus ${ref.kind}`);
  }
  menu(ref: Ref): void {
    this.log.push(`menu ${ref.kind}`);
  }
  addNode(): void {
    this.log.push("add node");
  }
  canWrite = () => this.write;
  verdicts = () => Promise.resolve(this.answer);
  dropPod(_pod: number, node: number, verdicts: MoveVerdicts | null): void {
    this.log.push(`drop on ${this.scene.model.nodes.at(node)!.name}${verdicts ? " with verdicts" : ""}`);
  }
  refuse(text: string): void {
    this.log.push(text);
  }
  scaleTo(id: string, replicas: number): void {
    this.log.push(`scale ${this.scene.model.workloads.get(id)!.name} to ${replicas}`);
  }
  placeCard(node: number, at: Point | null): void {
    this.log.push(`place ${this.scene.model.nodes.at(node)!.name}`);
    if (at) this.scene.moved.set(this.scene.model.nodes.at(node)!.name, at);
    this.scene.relayout();
  }
  snapCard = (node: number, at: Point) => settle(this.scene, node, at);
  bin(state: string): void {
    if (state !== this.binState) this.log.push(`bin ${state}`);
    this.binState = state;
  }
  binState = "hidden";
  overBin(x: number, y: number): boolean {
    const b = this.bin_;
    return x >= b.x && y >= b.y && x < b.x + b.w && y < b.y + b.h;
  }
  binPod(_pod: number, force: boolean): void {
    this.log.push(force ? "kill pod" : "delete pod");
  }
  binNode(node: number, plug: boolean): void {
    this.log.push(`${plug ? "unplug" : "remove"} ${this.scene.model.nodes.at(node)!.name}`);
  }

  send(type: PointerInput["type"], x: number, y: number, more: Partial<PointerInput> = {}): this {
    this.tool = this.tool.on(
      { type, pointer: 1, x, y, button: 0, shift: false, touch: false, ...more },
      this,
    );
    return this;
  }
  at(what: "pod" | "node", name: string): { x: number; y: number } {
    const { model } = this.scene;
    const rect =
      what === "node"
        ? this.scene.nodeRect(model.nodeByName.get(name)!)!
        : this.scene.podRect([...model.pods.indices()].find(i => model.pods.name[i]!.startsWith(name))!)!;
    const dx = what === "node" ? 60 : 10;
    return { x: (rect.x - this.view.x) * this.view.z + dx, y: (rect.y - this.view.y) * this.view.z + 10 };
  }
}

describe("tools", () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk();
  });

  it("scales a workload by its edge, shows how far, and takes it back on Escape", () => {
    const w = desk.scene.model.workloads.list().find(x => x.kind === "Deployment")!;
    const { rect } = desk.scene.layout.lane.find(item => item.id === w.id)!;
    const x = (rect.x + rect.w - 4 - desk.view.x) * desk.view.z;
    const y = (rect.y + rect.h / 2 - desk.view.y) * desk.view.z;
    const drag = (to: number) =>
      desk
        .send("down", x, y)
        .send("move", x + to / 2, y)
        .send("move", x + to, y);
    drag(STEP_PX * 3);
    expect(desk.tool.name).toBe("scale-drag");
    desk.send("up", x + STEP_PX * 3, y);
    drag(-STEP_PX * 500).send("up", x - STEP_PX * 500, y);
    drag(2).send("up", x + 2, y);
    expect(desk.log).toEqual([
      `scale ${w.name} to ${w.desired + 3}`,
      `scale ${w.name} to 0`,
      "select workload",
    ]);
    drag(STEP_PX * 3);
    desk.tool = desk.tool.cancel(desk);
    expect(desk.log).toHaveLength(3);
    desk.send("down", x - 60, y).send("move", x + 60, y);
    expect(desk.tool.name).toBe("panning");
  });

  it("selects what is clicked and nothing on the ground", () => {
    const pod = desk.at("pod", "frontend");
    desk.send("down", pod.x, pod.y).send("up", pod.x, pod.y);
    desk.send("down", 2, 900).send("up", 2, 900);
    expect(desk.log).toEqual(["select pod", "select nothing"]);
    expect(desk.tool.name).toBe("idle");
  });

  it("does not take a trembling hand for a drag", () => {
    const pod = desk.at("pod", "frontend");
    desk
      .send("down", pod.x, pod.y)
      .send("move", pod.x + 2, pod.y + 2)
      .send("up", pod.x + 2, pod.y + 2);
    expect(desk.log).toEqual(["select pod"]);
  });

  it("pans on the ground and pinches with a second finger", () => {
    const before = desk.view;
    desk.send("down", 2, 900).send("move", 42, 930);
    expect(desk.view).toEqual({ x: before.x - 40, y: before.y - 30, z: 1 });
    desk.send("down", 142, 930, { pointer: 2 });
    expect(desk.tool.name).toBe("pinching");
    desk.send("move", 242, 930, { pointer: 2 });
    expect(desk.view.z).toBeCloseTo(2);
    desk.send("up", 242, 930, { pointer: 2 });
    expect(desk.tool.name).toBe("idle");
  });

  it("asks for verdicts once, paints them, and drops with them", async () => {
    desk.answer = {
      nodes: [
        { name: "node-1", feasible: true, total: 88 },
        { name: "node-2", feasible: false, reasons: ["Insufficient cpu"] },
      ],
    };
    const pod = desk.at("pod", "frontend");
    const home = desk.scene.model.pods;
    const from = [...home.indices()].find(i => home.name[i]!.startsWith("frontend"))!;
    const target = home.nodeName[from] === "node-1" ? "node-3" : "node-1";
    const to = desk.at("node", target);
    desk.send("down", pod.x, pod.y).send("move", pod.x + 20, pod.y);
    expect(desk.tool.name).toBe("pod-drag");
    await Promise.resolve();
    expect(desk.shown.verdicts?.map(v => [v.feasible, v.text])).toEqual([
      [true, "score 88"],
      [false, "Insufficient cpu"],
    ]);
    desk.send("move", to.x, to.y);
    expect(desk.shown.ghost?.hint).toBe(`Evict; prefer ${target}`);
    desk.send("up", to.x, to.y);
    expect(desk.log).toEqual(["bin shown", "bin hidden", `drop on ${target} with verdicts`]);
    expect(desk.shown).toMatchObject({ ghost: null, verdicts: null, dropNode: -1 });
  });

  it("shows why a pod may not move, and does not bind where it runs", async () => {
    desk.answer = { nodes: [], refused: "Static pods belong to their node" };
    const pod = desk.at("pod", "kube-apiserver");
    desk.send("down", pod.x, pod.y).send("move", pod.x + 20, pod.y);
    await Promise.resolve();
    const to = desk.at("node", "node-1");
    desk.send("move", to.x, to.y);
    expect(desk.shown.ghost).toMatchObject({ hint: "Static pods belong to their node", tone: "bad" });
    const home = desk.at("node", "control-plane-1");
    desk.send("move", home.x, home.y).send("up", home.x, home.y);
    expect(desk.log.some(l => l.startsWith("drop"))).toBe(false);
  });

  it("puts everything back on Escape, even when verdicts come late", async () => {
    desk.answer = { nodes: [{ name: "node-1", feasible: true }] };
    const pod = desk.at("pod", "frontend");
    desk.send("down", pod.x, pod.y).send("move", pod.x + 20, pod.y);
    desk.tool = desk.tool.cancel(desk);
    await Promise.resolve();
    expect(desk.tool.name).toBe("idle");
    expect(desk.shown).toMatchObject({ ghost: null, verdicts: null });
    const to = desk.at("node", "node-1");
    desk.send("up", to.x, to.y);
    expect(desk.log.filter(l => l.startsWith("drop"))).toEqual([]);
  });

  it("deletes a pod thrown into the bin, at once with Shift", () => {
    desk.bin_ = { x: 0, y: 0, w: 80, h: 80 };
    const pod = desk.at("pod", "frontend");
    desk.send("down", pod.x, pod.y).send("move", 300, 300).send("move", 40, 40).send("up", 40, 40);
    desk.send("down", pod.x, pod.y).send("move", 40, 40, { shift: true }).send("up", 40, 40, { shift: true });
    expect(desk.log.filter(l => l.includes("pod"))).toEqual(["delete pod", "kill pod"]);
  });

  it("moves a card to a free place on the raster, never onto another", () => {
    const from = desk.at("node", "node-1");
    const onto = desk.at("node", "node-2");
    desk
      .send("down", from.x, from.y)
      .send("move", onto.x + 9, onto.y + 3)
      .send("up", onto.x + 9, onto.y + 3);
    const a = desk.scene.nodeRect(desk.scene.model.nodeByName.get("node-1")!)!;
    const b = desk.scene.nodeRect(desk.scene.model.nodeByName.get("node-2")!)!;
    expect(desk.log).toContain("place node-1");
    expect(a.x % 8).toBe(0);
    expect(a.y % 8).toBe(0);
    expect(Math.abs(a.x - b.x) >= a.w || Math.abs(a.y - b.y) >= a.h).toBe(true);
  });

  it("removes a node that is dropped in the bin, and never a control plane", () => {
    desk.bin_ = { x: 0, y: 0, w: 80, h: 80 };
    for (const name of ["node-1", "control-plane-1"]) {
      const from = desk.at("node", name);
      desk
        .send("down", from.x, from.y)
        .send("move", from.x - 30, from.y)
        .send("move", 40, 40)
        .send("up", 40, 40);
    }
    expect(desk.log).toContain("remove node-1");
    expect(desk.log).not.toContain("remove control-plane-1");
  });

  it("changes nothing for somebody who may only look", () => {
    desk.write = false;
    const pod = desk.at("pod", "frontend");
    const to = desk.at("node", "node-2");
    desk.send("down", pod.x, pod.y).send("move", to.x, to.y);
    expect(desk.shown.ghost?.hint).toBe("You may only look");
    desk.send("up", to.x, to.y);
    expect(desk.log).toEqual([]);
  });

  it("opens the menu on the right button", () => {
    const node = desk.at("node", "node-2");
    desk.send("down", node.x, node.y, { button: 2 });
    expect(desk.log).toEqual(["select node", "menu node"]);
  });

  it("shortens what the scheduler says", () => {
    expect(shortReason("node(s) had untolerated taint {gpu: true}")).toBe("untolerated taint {gpu: true}");
    expect(shortReason("Insufficient cpu")).toBe("Insufficient cpu");
  });
});

describe("keyboard on the map", () => {
  const desk = new Desk();
  const { scene } = desk;
  const node = (name: string): Ref => ({
    kind: "node",
    id: scene.model.nodes.at(scene.model.nodeByName.get(name)!)!.id,
  });

  it("goes to the next object in a direction", () => {
    expect(nextInDirection(scene, node("node-1"), "right")).toEqual(node("node-2"));
    expect(nextInDirection(scene, node("node-2"), "left")).toEqual(node("node-1"));
    expect(nextInDirection(scene, null, "right")).not.toBeNull();
  });

  it("goes into a node and out again", () => {
    const inside = into(scene, node("node-1"));
    expect(inside?.kind).toBe("pod");
    expect(outOf(scene, inside)).toEqual(node("node-1"));
  });

  it("walks pods of the same card only", () => {
    let at = into(scene, node("node-1"));
    const seen = new Set<string>();
    for (const direction of ["right", "down", "left", "up", "right"] as const) {
      at = nextInDirection(scene, at, direction) ?? at;
      seen.add(at!.id);
    }
    for (const id of seen) {
      const pod = scene.model.pods.index.get(id)!;
      expect(scene.model.pods.nodeName[pod]).toBe("node-1");
    }
  });

  it("goes round the problems", () => {
    const all = problems(scene);
    expect(all.length).toBeGreaterThan(1);
    let at: Ref | null = null;
    for (let i = 0; i < all.length; i++) at = nextProblem(scene, at, 1);
    expect(at).toEqual(all.at(-1));
    expect(nextProblem(scene, at, 1)).toEqual(all[0]);
    expect(nextProblem(scene, all[0]!, -1)).toEqual(all.at(-1));
  });
});
