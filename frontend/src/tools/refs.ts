/** From what was hit to what is selected. */
import type { Hit, Scene } from "@/scene/scene";
import type { Ref } from "@/store/ui";

export function refOf(hit: Hit, scene: Scene): Ref | null {
  const { model } = scene;
  switch (hit.kind) {
    case "pod":
      return { kind: "pod", id: model.pods.id[hit.pod]! };
    case "node": {
      const node = model.nodes.at(hit.node);
      return node ? { kind: "node", id: node.id } : null;
    }
    case "component":
      return { kind: "component", id: hit.item.name };
    case "workload":
      return { kind: "workload", id: hit.id };
    case "service":
      return { kind: "service", id: hit.id };
    default:
      return null;
  }
}
