/** What somebody carries onto the map from beside it, and what putting it down here would mean. Pure. */
import { contains, type Point } from "@/scene/geometry";
import type { Hit, Scene } from "@/scene/scene";

export type Carried =
  | { kind: "machine" }
  | { kind: "template"; template: string }
  | { kind: "label"; key: string; value: string }
  | { kind: "taint"; key: string; value: string; effect: string }
  | { kind: "image"; image: string };

export interface Landing {
  ok: boolean;
  hint: string;
  /** integer id of the node it would go to, -1 for none */
  node: number;
  /** id of the workload it would go to */
  workload: string | null;
  zone: string;
}

const NOWHERE: Landing = { ok: false, hint: "", node: -1, workload: null, zone: "" };
export const ROLLS = ["Deployment", "StatefulSet", "DaemonSet"];

export function landingOf(item: Carried, hit: Hit, at: Point, scene: Scene): Landing {
  switch (item.kind) {
    case "template":
      return { ...NOWHERE, ok: true, hint: "Open its YAML, filled in" };
    case "machine": {
      const zone = scene.layout.zones.find(z => z.kind === "zone" && contains(z.rect, at.x, at.y));
      if (zone) return { ...NOWHERE, ok: true, hint: `Add a node to ${zone.name}`, zone: zone.name };
      return { ...NOWHERE, ok: true, hint: "Add a node to the zone with the fewest" };
    }
    case "image": {
      const w = hit.kind === "workload" ? scene.model.workloads.get(hit.id) : undefined;
      if (!w) return { ...NOWHERE, hint: "Drop it on a workload" };
      if (!ROLLS.includes(w.kind)) return { ...NOWHERE, hint: `The image of a ${w.kind} cannot be changed` };
      return { ...NOWHERE, ok: true, hint: `Roll ${w.name} out with ${item.image}`, workload: w.id };
    }
    default: {
      const node = hit.kind === "node" || hit.kind === "pod" ? hit.node : -1;
      const name = node >= 0 ? scene.model.nodes.at(node)?.name : undefined;
      if (!name) return { ...NOWHERE, hint: "Drop it on a node" };
      return { ...NOWHERE, ok: true, hint: `${item.kind === "label" ? "Label" : "Taint"} ${name}`, node };
    }
  }
}

/** What it is called while it is carried. */
export function carriedWords(item: Carried): string {
  switch (item.kind) {
    case "machine":
      return "Node";
    case "template":
      return item.template;
    case "image":
      return item.image;
    case "label":
      return `${item.key}=${item.value}`;
    case "taint":
      return `${item.key}${item.value ? `=${item.value}` : ""}:${item.effect}`;
  }
}
