/** What an object is called and says, for every panel alike. */
import type { Ref } from "@/store/ui";
import type { ClusterSession } from "./session";

export interface Named {
  kind: string;
  ns: string;
  name: string;
}

/** Kind, namespace and name as the API has them; null if it is not an API object or is gone. */
export function named(session: ClusterSession, ref: Ref): Named | null {
  const { model } = session;
  switch (ref.kind) {
    case "pod": {
      const pod = model.pods.get(ref.id);
      return pod ? { kind: "Pod", ns: pod.ns, name: pod.name } : null;
    }
    case "node": {
      const node = model.nodes.get(ref.id);
      return node ? { kind: "Node", ns: "", name: node.name } : null;
    }
    case "workload": {
      const w = model.workloads.get(ref.id);
      return w ? { kind: w.kind, ns: w.ns, name: w.name } : null;
    }
    case "service": {
      const s = model.services.get(ref.id);
      return s ? { kind: "Service", ns: s.ns, name: s.name } : null;
    }
    case "config": {
      const c = model.configs.get(ref.id);
      return c ? { kind: c.kind, ns: c.ns, name: c.name } : null;
    }
    case "namespace": {
      const n = model.namespaces.get(ref.id);
      return n ? { kind: "Namespace", ns: "", name: n.name } : null;
    }
    case "component":
      return null;
  }
}

/** A sentence for a screen reader and for tooltips. */
export function describe(session: ClusterSession, ref: Ref): string {
  const { model } = session;
  switch (ref.kind) {
    case "pod": {
      const p = model.pods.get(ref.id);
      if (!p) return "gone";
      return `Pod ${p.name}, ${p.status}, ${p.ready} ready${p.node ? `, on ${p.node}` : ", no node"}${p.restarts ? `, ${p.restarts} restarts` : ""}`;
    }
    case "node": {
      const n = model.nodes.get(ref.id);
      if (!n) return "gone";
      const ready = n.power === "off" ? "powered off" : n.ready === "True" ? "ready" : "not ready";
      return `Node ${n.name}, ${ready}${n.cordoned ? ", cordoned" : ""}`;
    }
    case "workload": {
      const w = model.workloads.get(ref.id);
      return w ? `${w.kind} ${w.name}, ${w.ready} of ${w.desired} ready` : "gone";
    }
    case "service": {
      const s = model.services.get(ref.id);
      return s ? `Service ${s.name}, ${s.endpoints} endpoints` : "gone";
    }
    case "component": {
      const c = model.components.get(ref.id) ?? [...model.components.values()].find(x => x.name === ref.id);
      return c ? `${c.name}, ${c.state}` : ref.id;
    }
    default: {
      const n = named(session, ref);
      return n ? `${n.kind} ${n.name}` : "gone";
    }
  }
}

/** "3m", "2h4m", "5d" between two virtual times in microseconds. */
export function age(from: number, now: number): string {
  let s = Math.max(0, Math.floor((now - from) / 1e6));
  if (s < 120) return `${s}s`;
  const d = Math.floor(s / 86400);
  s %= 86400;
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (d > 1) return h ? `${d}d${h}h` : `${d}d`;
  if (d || h > 2) return `${d * 24 + h}h`;
  if (h) return m ? `${h}h${m}m` : `${h}h`;
  return m < 10 && s % 60 ? `${m}m${s % 60}s` : `${m}m`;
}
