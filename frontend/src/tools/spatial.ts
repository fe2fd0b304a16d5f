/** Arrow keys on the map: the next object in a direction on the same level, into and out of things. */
import { center, type Rect } from "@/scene/geometry";
import type { Scene } from "@/scene/scene";
import { STATE } from "@/store/pods";
import type { Ref } from "@/store/ui";

export type Direction = "up" | "down" | "left" | "right";

interface Candidate {
  ref: Ref;
  rect: Rect;
}

/** All objects of a level that have a place. Pods compete with the pods around them only. */
function level(scene: Scene, ref: Ref | null): Candidate[] {
  const { model, layout } = scene;
  const list: Candidate[] = [];
  if (ref?.kind === "pod") {
    const pod = model.pods.index.get(ref.id);
    const node = pod === undefined ? -1 : scene.slots.node(pod);
    if (node >= 0) {
      for (const p of scene.slots.cells(node)) if (p >= 0) pushPod(scene, p, list);
    } else {
      for (const group of scene.shelf.groups)
        for (const p of group.pods.slice(0, group.shown)) pushPod(scene, p, list);
    }
    return list;
  }
  model.nodes.rows.forEach((node, i) => {
    const rect = node ? scene.nodeRect(i) : null;
    if (node && rect) list.push({ ref: { kind: "node", id: node.id }, rect });
  });
  for (const item of layout.docks) list.push({ ref: { kind: "component", id: item.name }, rect: item.rect });
  for (const item of layout.lane) list.push({ ref: { kind: item.kind, id: item.id }, rect: item.rect });
  for (const group of scene.shelf.groups) {
    const first = group.pods[0];
    if (first !== undefined) list.push({ ref: { kind: "pod", id: model.pods.id[first]! }, rect: group.rect });
  }
  return list;
}

function pushPod(scene: Scene, pod: number, list: Candidate[]): void {
  const rect = scene.podRect(pod);
  if (rect) list.push({ ref: { kind: "pod", id: scene.model.pods.id[pod]! }, rect });
}

export function nextInDirection(scene: Scene, from: Ref | null, direction: Direction): Ref | null {
  const candidates = level(scene, from);
  if (!candidates.length) return null;
  const here = from ? scene.rectOf(from.id) : null;
  if (!here) return candidates[0]!.ref;
  const a = center(here);
  let best: Ref | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const { ref, rect } of candidates) {
    if (ref.id === from!.id) continue;
    const b = center(rect);
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const along = direction === "left" ? -dx : direction === "right" ? dx : direction === "up" ? -dy : dy;
    const across = direction === "left" || direction === "right" ? Math.abs(dy) : Math.abs(dx);
    if (along <= 1) continue;
    const cost = along + across * 2.5;
    if (cost < bestCost) {
      bestCost = cost;
      best = ref;
    }
  }
  return best;
}

/** Enter: from a node to its first pod. */
export function into(scene: Scene, ref: Ref | null): Ref | null {
  if (ref?.kind !== "node") return null;
  const node = scene.model.nodes.index.get(ref.id);
  if (node === undefined) return null;
  const pod = scene.slots.cells(node).find(p => p >= 0);
  return pod === undefined ? null : { kind: "pod", id: scene.model.pods.id[pod]! };
}

/** Shift-Enter: from a pod to its node. */
export function outOf(scene: Scene, ref: Ref | null): Ref | null {
  if (ref?.kind !== "pod") return null;
  const pod = scene.model.pods.index.get(ref.id);
  const node = pod === undefined ? -1 : scene.slots.node(pod);
  const row = node >= 0 ? scene.model.nodes.at(node) : undefined;
  return row ? { kind: "node", id: row.id } : null;
}

/** What is wrong, in a stable order: nodes first, then pods. */
export function problems(scene: Scene): Ref[] {
  const { model } = scene;
  const list: Ref[] = [];
  for (const node of model.nodes.values())
    if (node.ready !== "True" || node.power === "off") list.push({ kind: "node", id: node.id });
  const { pods } = model;
  for (const i of pods.indices()) {
    const state = pods.state[i]!;
    if (
      state === STATE.crash ||
      state === STATE.failed ||
      state === STATE.unknown ||
      (state === STATE.pending && pods.reason[i] !== "")
    ) {
      list.push({ kind: "pod", id: pods.id[i]! });
    }
  }
  return list;
}

export function nextProblem(scene: Scene, from: Ref | null, by: 1 | -1): Ref | null {
  const list = problems(scene);
  if (!list.length) return null;
  const at = from ? list.findIndex(r => r.id === from.id) : -1;
  const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length;
  return list[next]!;
}
