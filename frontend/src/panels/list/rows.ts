/** The list's lines from the model: sections, nodes with their pods, workloads, services. Pure, for tests. */
import { age } from "@/actions/look";
import { POD_STATES, type PodState } from "@/protocol/rows";
import { bytes, cores } from "@/render/text";
import type { Model } from "@/store/model";
import type { Ref } from "@/store/ui";

export interface Row {
  key: string;
  level: number;
  ref: Ref | null;
  title: string;
  kind: string;
  state: PodState | null;
  tone: "" | "ok" | "warn" | "bad";
  status: string;
  ready: string;
  restarts: string;
  cpu: string;
  mem: string;
  where: string;
  age: string;
  expandable: boolean;
  expanded: boolean;
  /** lines of the same parent, for screen readers */
  position: number;
  siblings: number;
}

export interface ListOptions {
  collapsed: ReadonlySet<string>;
  query: string;
  namespace: string;
  now: number;
}

function row(key: string, level: number, title: string, more: Partial<Row>): Row {
  return {
    key,
    level,
    ref: null,
    title,
    kind: "",
    state: null,
    tone: "",
    status: "",
    ready: "",
    restarts: "",
    cpu: "",
    mem: "",
    where: "",
    age: "",
    expandable: false,
    expanded: false,
    position: 1,
    siblings: 1,
    ...more,
  };
}

const BAD: ReadonlySet<PodState> = new Set(["crash", "failed", "unknown"]);

function podRow(model: Model, i: number, level: number, now: number): Row {
  const { pods } = model;
  const state = POD_STATES[pods.state[i]!]!;
  return row(`pod:${pods.id[i]}`, level, pods.name[i]!, {
    ref: { kind: "pod", id: pods.id[i]! },
    kind: "Pod",
    state,
    tone: BAD.has(state) ? "bad" : state === "pending" ? "warn" : "",
    status: pods.status[i]!,
    ready: pods.ready[i]!,
    restarts: pods.restarts[i] ? String(pods.restarts[i]) : "",
    cpu: cores(pods.cpu[i]!),
    mem: bytes(pods.mem[i]!),
    where: pods.ns[i]!,
    age: age(pods.created[i]!, now),
  });
}

const natural = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

export function listRows(model: Model, options: ListOptions): Row[] {
  const { collapsed, now } = options;
  const query = options.query.trim().toLowerCase();
  const { pods } = model;
  const matches = (...texts: string[]) => !query || texts.some(t => t.toLowerCase().includes(query));
  const wanted = (i: number) =>
    (!options.namespace || pods.ns[i] === options.namespace) &&
    matches(pods.name[i]!, pods.workload[i]!, pods.status[i]!, pods.ns[i]!);
  const byNode = new Map<number, number[]>();
  for (const i of pods.indices()) {
    if (!wanted(i)) continue;
    const list = byNode.get(pods.node[i]!);
    if (list) list.push(i);
    else byNode.set(pods.node[i]!, [i]);
  }
  const byName = (a: number, b: number) =>
    natural(pods.ns[a]!, pods.ns[b]!) || natural(pods.name[a]!, pods.name[b]!);
  const out: Row[] = [];
  const section = (key: string, title: string, children: Row[][]) => {
    if (!children.length) return;
    const open = !collapsed.has(key);
    out.push(row(key, 1, title, { expandable: true, expanded: open, status: String(children.length) }));
    if (!open) return;
    children.forEach((lines, i) => {
      lines[0]!.position = i + 1;
      lines[0]!.siblings = children.length;
      out.push(...lines);
    });
  };

  const nodes: Row[][] = [];
  const order = model.nodes
    .list()
    .sort((a, b) => (a.role === b.role ? natural(a.name, b.name) : a.role === "control-plane" ? -1 : 1));
  for (const node of order) {
    const inside = (byNode.get(model.nodes.index.get(node.id)!) ?? []).sort(byName);
    if (query && !inside.length && !matches(node.name, node.zone)) continue;
    const key = `node:${node.id}`;
    const open = !collapsed.has(key) && inside.length > 0;
    const bad = node.ready !== "True" || node.power === "off";
    const lines = [
      row(key, 2, node.name, {
        ref: { kind: "node", id: node.id },
        kind: "Node",
        tone: bad ? "bad" : node.cordoned ? "warn" : "ok",
        status: `${node.power === "off" ? "Powered off" : node.ready === "True" ? "Ready" : "NotReady"}${node.cordoned ? ",SchedulingDisabled" : ""}`,
        ready: `${inside.length}/${node.slots}`,
        cpu: `${cores(node.cpuReq)} / ${cores(node.cpu)}`,
        mem: `${bytes(node.memReq)} / ${bytes(node.mem)}`,
        where: node.zone,
        age: age(node.created, now),
        expandable: inside.length > 0,
        expanded: open,
      }),
    ];
    if (open) {
      inside.forEach((i, k) => {
        lines.push({ ...podRow(model, i, 3, now), position: k + 1, siblings: inside.length });
      });
    }
    nodes.push(lines);
  }
  const pending = (byNode.get(-1) ?? []).sort(byName);
  section(
    "pending",
    "Pods without a node",
    pending.map(i => [{ ...podRow(model, i, 2, now), where: pods.reason[i] || pods.ns[i]! }]),
  );
  section("nodes", "Nodes", nodes);
  const workloads = model.workloads
    .list()
    .filter(w => !w.owner || !model.workloads.get(w.owner))
    .filter(w => (!options.namespace || w.ns === options.namespace) && matches(w.name, w.kind, w.ns))
    .sort((a, b) => natural(a.ns, b.ns) || natural(a.name, b.name));
  section(
    "workloads",
    "Workloads",
    workloads.map(w => [
      row(`workload:${w.id}`, 2, w.name, {
        ref: { kind: "workload", id: w.id },
        kind: w.kind,
        tone: w.ready < w.desired ? "warn" : "ok",
        status: w.kind,
        ready: `${w.ready}/${w.desired}`,
        where: w.ns,
        age: age(w.created, now),
      }),
    ]),
  );
  const services = model.services
    .list()
    .filter(s => (!options.namespace || s.ns === options.namespace) && matches(s.name, s.type, s.ns))
    .sort((a, b) => natural(a.ns, b.ns) || natural(a.name, b.name));
  section(
    "services",
    "Services",
    services.map(s => [
      row(`service:${s.id}`, 2, s.name, {
        ref: { kind: "service", id: s.id },
        kind: "Service",
        tone: s.selector && s.endpoints === 0 ? "warn" : "ok",
        status: s.type,
        ready: s.selector ? String(s.endpoints) : "",
        where: s.ns,
        age: age(s.created, now),
      }),
    ]),
  );
  const components = model.components.list().filter(c => matches(c.name, c.node));
  section(
    "components",
    "Control plane",
    components.map(c => [
      row(`component:${c.id}`, 2, c.name, {
        ref: { kind: "component", id: c.id },
        kind: "Component",
        tone: c.state === "running" ? "ok" : "bad",
        status: `${c.state}${c.leader ? ", leader" : ""}`,
        where: c.node,
      }),
    ]),
  );
  return out;
}
