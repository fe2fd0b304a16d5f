/** `window.__playground`: how browser tests find things on a canvas. */
import type { ClusterSession } from "@/actions/session";
import { mapRef } from "@/panels/context";
import { Stage } from "@/panels/map/stage";
import { toScreen } from "@/scene/camera";
import { ui } from "@/store/ui";

function stage(): Stage {
  if (!(mapRef.current instanceof Stage)) throw new Error("The map is not shown");
  return mapRef.current;
}

/** Accepts a uid, a node's name, or ns/pod. */
function idOf(session: ClusterSession, what: string): string {
  const { model } = session;
  if (model.pods.index.has(what) || model.nodes.index.has(what)) return what;
  const node = model.nodeByName.get(what);
  if (node !== undefined) return model.nodes.at(node)!.id;
  const [ns, name] = what.split("/");
  for (const i of model.pods.indices())
    if (model.pods.ns[i] === ns && model.pods.name[i] === name) return model.pods.id[i]!;
  for (const w of model.workloads.values()) if (what === `${w.kind}/${w.ns}/${w.name}`) return w.id;
  for (const s of model.services.values()) if (what === `Service/${s.ns}/${s.name}`) return s.id;
  return what;
}

export function expose(session: ClusterSession): () => void {
  const hook = {
    session,
    ui,
    /** page coordinates of an object's centre, with its size on the screen */
    screenOf(what: string) {
      const rect = stage().scene.rectOf(idOf(session, what));
      if (!rect) return null;
      const camera = stage().camera();
      const p = toScreen(camera, rect.x, rect.y);
      const o = document.querySelector("[data-testid=map]")!.getBoundingClientRect();
      const w = rect.w * camera.z;
      const h = rect.h * camera.z;
      return { x: o.left + p.x + w / 2, y: o.top + p.y + h / 2, w, h, left: o.left + p.x, top: o.top + p.y };
    },
    objectAt(x: number, y: number) {
      const o = document.querySelector("[data-testid=map]")!.getBoundingClientRect();
      const hit = stage().hit(x - o.left, y - o.top);
      if (hit.kind === "pod")
        return { kind: "pod", id: session.model.pods.id[hit.pod]!, name: session.model.pods.name[hit.pod]! };
      if (hit.kind === "node") {
        const node = session.model.nodes.at(hit.node)!;
        return { kind: "node", id: node.id, name: node.name };
      }
      if (hit.kind === "component") return { kind: "component", id: hit.item.name, name: hit.item.name };
      if (hit.kind === "workload" || hit.kind === "service") return { kind: hit.kind, id: hit.id };
      return { kind: hit.kind };
    },
    idle: () => stage().whenIdle(),
    camera: () => stage().camera(),
    setCamera: (camera: { x: number; y: number; z: number }) => stage().setCamera(camera),
    fit: () => stage().fit(),
    stats: () => stage().renderer.stats(),
    pods: () => [...session.model.pods.indices()].map(i => session.model.pods.row(i)),
    nodes: () => session.model.nodes.list(),
    table: (name: "workloads" | "services" | "events" | "faults" | "components") =>
      session.model.table(name).list(),
  };
  const target = window as unknown as { __playground?: typeof hook };
  target.__playground = hook;
  return () => {
    if (target.__playground === hook) delete target.__playground;
  };
}
