import { describe, expect, it } from "vitest";
import { groupEvents } from "@/panels/Dock";
import { listRows } from "@/panels/list/rows";
import { score } from "@/panels/Palette";
import type { EventRow } from "@/protocol/rows";
import { flightRect, MAX_PACKETS, Motion, type MotionEnv } from "@/render/motion";
import { FrameProbe } from "@/render/probe";
import { bytes, cores, podLabel, shorten } from "@/render/text";
import { clampZoom, fit, fly, MAX_ZOOM, MIN_ZOOM, toScreen, toWorld, zoomAt } from "@/scene/camera";
import type { Rect } from "@/scene/geometry";
import { lodOf } from "@/scene/lod";
import { VirtualClock } from "@/store/clock";
import { live, loaded, newSim } from "./support";

describe("camera", () => {
  const view = { w: 1000, h: 700 };
  it("keeps the point under the pointer while zooming", () => {
    const before = { x: 10, y: 20, z: 0.7 };
    const at = toWorld(before, 333, 222);
    for (const factor of [0.5, 1.3, 4]) {
      const p = toScreen(zoomAt(before, factor, 333, 222), at.x, at.y);
      expect(p.x).toBeCloseTo(333);
      expect(p.y).toBeCloseTo(222);
    }
  });

  it("stays within its limits", () => {
    expect(clampZoom(1000)).toBe(MAX_ZOOM);
    expect(clampZoom(0)).toBe(MIN_ZOOM);
  });

  it("fits everything between the insets", () => {
    const bounds: Rect = { x: -200, y: 0, w: 3000, h: 900 };
    const insets = { top: 20, right: 30, bottom: 60, left: 40 };
    const camera = fit(bounds, view, insets);
    const a = toScreen(camera, bounds.x, bounds.y);
    const b = toScreen(camera, bounds.x + bounds.w, bounds.y + bounds.h);
    expect(a.x).toBeGreaterThanOrEqual(insets.left - 0.5);
    expect(b.x).toBeLessThanOrEqual(view.w - insets.right + 0.5);
    expect(b.y).toBeLessThanOrEqual(view.h - insets.bottom + 0.5);
  });

  it("flies from the one to the other", () => {
    const a = { x: 0, y: 0, z: 0.2 };
    const b = { x: 500, y: 300, z: 2 };
    expect(fly(a, b, view, 0)).toMatchObject(a);
    const end = fly(a, b, view, 1);
    expect(end.x).toBeCloseTo(b.x);
    expect(end.z).toBeCloseTo(b.z);
  });

  it("knows what is worth drawing", () => {
    expect([0.1, 0.3, 0.9, 2].map(lodOf)).toEqual(["overview", "glyphs", "names", "details"]);
  });
});

describe("clock", () => {
  it("runs on between the server's words, at their speed", () => {
    let wall = 0;
    const clock = new VirtualClock(() => wall);
    clock.update({ now: 1_000_000, speed: 10, paused: false });
    wall = 500;
    expect(clock.now()).toBe(6_000_000);
    clock.update({ now: 6_000_000, speed: 10, paused: true });
    wall = 5000;
    expect(clock.now()).toBe(6_000_000);
    clock.update({ now: 7_000_000, speed: "max", paused: false });
    expect(clock.fastForward).toBe(true);
    expect(clock.now()).toBe(7_000_000);
  });
});

describe("motion", () => {
  const env: MotionEnv = {
    fastForward: false,
    color: () => -1,
    killed: () => false,
    birthplace: () => rect(0, 0),
    target: () => rect(500, 500),
  };
  function rect(x: number, y: number): Rect {
    return { x, y, w: 20, h: 20 };
  }
  const move = (pod: number) => ({
    kind: "move" as const,
    pod,
    from: rect(pod, 0),
    to: rect(pod, 400),
    state: 0,
  });

  it("takes a pod from its place to the other and lands it", () => {
    const motion = new Motion();
    motion.start([move(1)], 0, env);
    const flight = motion.flights.get(1)!;
    expect(flightRect(flight, 0)).toMatchObject({ x: 1, y: 0 });
    expect(flightRect(flight, 10_000).y).toBeCloseTo(400);
    expect(motion.step(100)).toEqual([]);
    expect(motion.step(5000)).toEqual([1]);
    expect(motion.active).toBe(false);
  });

  it("bundles what is too much to follow", () => {
    const motion = new Motion();
    motion.start(
      Array.from({ length: 57 }, (_, i) => move(i)),
      0,
      env,
    );
    expect(motion.flights.size).toBe(20);
    expect(motion.bundles).toMatchObject([{ count: 37 }]);
  });

  it("moves nothing in fast-forward or for those who ask for less motion", () => {
    const motion = new Motion();
    motion.start([move(1)], 0, { ...env, fastForward: true });
    expect(motion.flights.size).toBe(0);
    motion.reduced = true;
    motion.start([move(2)], 0, env);
    motion.packet({ x: 0, y: 0 }, { x: 9, y: 9 }, "ok", 0);
    expect(motion.active).toBe(false);
    expect(motion.step(0)).toEqual(expect.arrayContaining([]));
  });

  it("goes on from where a pod is when it is sent elsewhere", () => {
    const motion = new Motion();
    motion.start([move(1)], 0, env);
    const half = flightRect(motion.flights.get(1)!, 175);
    motion.start([{ kind: "move", pod: 1, from: rect(1, 400), to: rect(900, 0), state: 0 }], 175, env);
    expect(motion.flights.get(1)!.from).toEqual(half);
  });

  it("shows a bounded number of packets", () => {
    const motion = new Motion();
    for (let i = 0; i < 1000; i++) motion.packet({ x: 0, y: 0 }, { x: i, y: 9 }, "ok", 0);
    expect(motion.packets).toHaveLength(MAX_PACKETS);
  });
});

describe("frame probe", () => {
  const drive = (probe: FrameProbe, from: number, frames: number, ms: number) => {
    let t = from;
    for (let i = 0; i < frames; i++) {
      probe.tick(t);
      t += ms;
    }
    return t;
  };
  it("gives up luxuries one by one on a slow machine, and takes them back on a quick one", () => {
    const probe = new FrameProbe();
    let t = drive(probe, 1, 62, 40);
    expect(probe.quality).toBe(0);
    t = drive(probe, t, 62, 40);
    expect(probe.quality).toBe(1);
    t = drive(probe, t, 400, 40);
    expect(probe.quality).toBe(3);
    drive(probe, t, 5000, 16.7);
    expect(probe.quality).toBe(0);
  });

  it("does not count time in which nothing was drawn", () => {
    const probe = new FrameProbe();
    let t = 1;
    for (let i = 0; i < 100; i++) {
      t = drive(probe, t, 2, 16) + 1000;
      probe.parked();
    }
    expect(probe.stats().p95).toBeLessThan(20);
  });
});

describe("words on the canvas", () => {
  it("says whose a pod is, and which one", () => {
    expect(podLabel("web-7d9f-x8k2p", "Deployment/web", "node-1")).toEqual({ base: "web", own: "x8k2p" });
    expect(podLabel("etcd-control-plane-1", "Pod/etcd-control-plane-1", "control-plane-1")).toEqual({
      base: "etcd",
      own: "",
    });
    expect(podLabel("alone", "Pod/alone", "node-1")).toEqual({ base: "alone", own: "" });
  });
  it("keeps the end of long names", () => {
    expect(shorten("frontend-7d9f-x8k2p", 60, 10)).toBe("front…8k2p");
    expect(shorten("web", 60, 10)).toBe("web");
  });
  it("writes quantities as kubectl does", () => {
    expect([bytes(64 * 2 ** 20), bytes(16 * 2 ** 30), cores(250), cores(4000), cores(1500)]).toEqual([
      "64Mi",
      "16Gi",
      "250m",
      "4",
      "1.5",
    ]);
  });
});

describe("list", () => {
  const sim = newSim({ seed: 1 });
  const model = loaded(sim);
  live(sim, 400, delta => model.apply(delta));
  const options = { collapsed: new Set<string>(), query: "", namespace: "", now: 0 };

  it("has a line for every pod and node", () => {
    const rows = listRows(model, options);
    expect(rows.filter(r => r.kind === "Pod")).toHaveLength(model.pods.size);
    expect(rows.filter(r => r.kind === "Node")).toHaveLength(model.nodes.size);
    expect(new Set(rows.map(r => r.key)).size).toBe(rows.length);
  });

  it("closes what is collapsed, and filters", () => {
    const nodes = listRows(model, { ...options, collapsed: new Set(["nodes"]) });
    expect(nodes.some(r => r.kind === "Node")).toBe(false);
    const found = listRows(model, { ...options, query: "redis-master" });
    expect(found.filter(r => r.kind === "Pod").every(r => r.title.includes("redis-master"))).toBe(true);
    const system = listRows(model, { ...options, namespace: "kube-system" });
    expect(system.filter(r => r.kind === "Pod").every(r => r.where === "kube-system")).toBe(true);
  });

  it("numbers lines for screen readers", () => {
    const rows = listRows(model, options);
    const workers = rows.filter(r => r.kind === "Node");
    expect(workers.map(r => r.position)).toEqual(workers.map((_, i) => i + 1));
    expect(workers[0]!.siblings).toBe(workers.length);
  });
});

describe("palette and events", () => {
  it("finds by every word, and prefers starts", () => {
    expect(score("frontend Pod in default", "front pod")).toBeGreaterThan(0);
    expect(score("frontend", "frontx")).toBe(-1);
    expect(score("node-2 Node", "node-2")).toBeGreaterThan(score("big-node-2 Node", "node-2"));
  });

  it("groups the same reason on pods of the same set", () => {
    const event = (name: string, last: number, reason = "BackOff"): EventRow => ({
      id: `${name}${reason}`,
      type: "Warning",
      reason,
      message: `${name} ${last}`,
      objKind: "Pod",
      objNs: "d",
      objName: name,
      objId: name,
      count: 2,
      last,
      source: "kubelet",
    });
    const groups = groupEvents([
      event("web-1-aaaaa", 1),
      event("web-1-bbbbb", 3),
      event("web-1-ccccc", 2),
      event("db-1-aaaaa", 2, "Killing"),
    ]);
    expect(groups).toHaveLength(2);
    expect(groups[0]).toMatchObject({ count: 6, event: { last: 3 } });
    expect(groups[0]!.names.size).toBe(3);
  });
});
