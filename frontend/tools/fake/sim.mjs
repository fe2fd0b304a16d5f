/**
 * A toy cluster that moves, for developing and testing the page without the server. It is no model of Kubernetes: it
 * only makes the tables, objects and answers of the browser protocol look alive. Deterministic for a seed.
 */

import { COLS } from "./columns.mjs";
import { reconcile } from "./control.mjs";
import { demo, load } from "./scenarios.mjs";

const EPOCH = Date.UTC(2026, 0, 5, 9, 0, 0) * 1000;
const GI = 2 ** 30;
const MI = 2 ** 20;

export function rng(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Sim {
  constructor({
    seed = 1,
    workers = 3,
    zones = ["zone-a", "zone-b", "zone-c"],
    controlPlanes = 1,
    scenario = "demo",
  } = {}) {
    this.random = rng(seed);
    this.tables = Object.fromEntries(Object.keys(COLS).map(t => [t, new Map()]));
    this.labels = new Map();
    this.rev = 1;
    this.now = EPOCH;
    this.speed = 1;
    this.paused = false;
    this.timers = [];
    this.changed = new Map();
    this.removed = new Map();
    this.notes = [];
    this.prefers = new Map();
    this.counter = 0;
    this.rsHash = new Map();
    this.put("namespaces", { id: "ns-default", name: "default", phase: "Active" });
    this.put("namespaces", { id: "ns-system", name: "kube-system", phase: "Active" });
    for (let i = 1; i <= controlPlanes; i++)
      this.addNode(`control-plane-${i}`, "control-plane", zones[(i - 1) % zones.length]);
    for (let i = 1; i <= workers; i++) this.addNode(`node-${i}`, "worker", zones[(i - 1) % zones.length]);
    const leader = controlPlanes ? "control-plane-1" : "";
    for (const name of ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"]) {
      for (let i = 1; i <= Math.max(1, controlPlanes); i++) {
        this.put("components", {
          id: controlPlanes > 1 ? `${name}@${i}` : name,
          name,
          node: controlPlanes ? `control-plane-${i}` : "",
          state: "running",
          queue: 0,
          leader: i === 1 && leader !== "x",
        });
      }
    }
    if (scenario === "demo") demo(this);
    if (scenario === "load") load(this);
    this.flush();
  }

  id(prefix) {
    this.counter++;
    const hex = ((this.counter * 2654435761) % 4294967296).toString(16).padStart(8, "0");
    return `${hex}-${prefix}`;
  }

  hash(n) {
    const chars = "bcdfghjklmnpqrstvwxz2456789";
    return Array.from({ length: n }, () => chars[Math.floor(this.random() * chars.length)]).join("");
  }

  put(table, row) {
    this.tables[table].set(row.id, row);
    if (!this.changed.has(table)) this.changed.set(table, new Set());
    this.changed.get(table).add(row.id);
    this.removed.get(table)?.delete(row.id);
  }

  drop(table, id) {
    if (!this.tables[table].delete(id)) return;
    this.changed.get(table)?.delete(id);
    if (!this.removed.has(table)) this.removed.set(table, new Set());
    this.removed.get(table).add(id);
  }

  flush() {
    const up = {};
    const rm = {};
    for (const [table, ids] of this.changed)
      if (ids.size) up[table] = [...ids].map(id => this.array(table, this.tables[table].get(id)));
    for (const [table, ids] of this.removed) if (ids.size) rm[table] = [...ids];
    const notes = this.notes;
    this.changed = new Map();
    this.removed = new Map();
    this.notes = [];
    if (!Object.keys(up).length && !Object.keys(rm).length) return null;
    this.rev += 1;
    return { rev: this.rev, up, rm, notes };
  }

  array(table, row) {
    return COLS[table].map(c => (row[c] === undefined ? null : row[c]));
  }

  snapshot() {
    return Object.fromEntries(
      Object.entries(this.tables).map(([t, rows]) => [
        t,
        { cols: COLS[t], rows: [...rows.values()].map(r => this.array(t, r)) },
      ]),
    );
  }

  after(seconds, run) {
    this.timers.push({ at: this.now + seconds * 1e6, run, n: this.counter++ });
  }

  advance(wallMs) {
    if (this.paused) return;
    const speed = this.speed === "max" ? 200 : this.speed;
    this.now += wallMs * 1000 * speed;
    for (;;) {
      const due = this.timers.filter(t => t.at <= this.now).sort((a, b) => a.at - b.at || a.n - b.n);
      if (!due.length) break;
      const first = due[0];
      this.timers.splice(this.timers.indexOf(first), 1);
      first.run();
    }
    reconcile(this);
  }

  step() {
    if (!this.timers.length) return;
    const next = [...this.timers].sort((a, b) => a.at - b.at || a.n - b.n)[0];
    this.now = Math.max(this.now, next.at);
    const paused = this.paused;
    this.paused = false;
    this.advance(0);
    this.paused = paused;
  }

  addNode(name, role = "worker", zone = "zone-a", extra = {}) {
    const n = [...this.tables.nodes.values()].length + 1;
    const row = {
      id: this.id("node"),
      name,
      role,
      zone,
      ready: "True",
      cordoned: false,
      taints: role === "control-plane" ? ["node-role.kubernetes.io/control-plane:NoSchedule"] : [],
      cpu: 4000,
      mem: 16 * GI,
      slots: 110,
      cpuReq: 0,
      memReq: 0,
      power: "on",
      kubelet: "running",
      pressure: [],
      version: "v1.36.0",
      created: this.now,
      deleting: false,
      addr: `172.18.0.${n + 1}`,
      ...extra,
    };
    this.put("nodes", row);
    return row;
  }

  node(name) {
    for (const n of this.tables.nodes.values()) if (n.name === name) return n;
    return undefined;
  }

  addDeployment(
    name,
    ns,
    replicas,
    { cpu = 100, mem = 64 * MI, image = "nginx:1.27", containers = ["app"], kind = "Deployment" } = {},
  ) {
    const existing = [...this.tables.workloads.values()].find(
      w => w.kind === kind && w.ns === ns && w.name === name,
    );
    if (existing) {
      existing.desired = replicas;
      this.put("workloads", existing);
      return existing;
    }
    const dep = {
      id: this.id("dep"),
      kind,
      ns,
      name,
      owner: "",
      desired: replicas,
      current: 0,
      ready: 0,
      updated: 0,
      available: 0,
      paused: false,
      hpa: "",
      created: this.now,
      images: [image],
      generationSeen: true,
    };
    this.put("workloads", dep);
    if (kind === "Deployment") this.newReplicaSet(dep);
    Object.assign(dep, { _cpu: cpu, _mem: mem, _containers: containers });
    return dep;
  }

  newReplicaSet(dep) {
    const rs = {
      id: this.id("rs"),
      kind: "ReplicaSet",
      ns: dep.ns,
      name: `${dep.name}-${this.hash(9)}`,
      owner: dep.id,
      desired: dep.desired,
      current: 0,
      ready: 0,
      updated: 0,
      available: 0,
      paused: false,
      hpa: "",
      created: this.now,
      images: [...dep.images],
      generationSeen: true,
    };
    dep._rs = rs.id;
    this.put("workloads", rs);
    return rs;
  }

  addService(name, ns, selector, type = "ClusterIP", ports = ["80→8080/TCP"]) {
    this.put("services", {
      id: this.id("svc"),
      ns,
      name,
      type,
      ip: `10.96.${Math.floor(this.random() * 250)}.${Math.floor(this.random() * 250)}`,
      ports,
      selector,
      endpoints: 0,
      created: this.now,
    });
  }

  addPod(owner, { node = "", prefix, state } = {}) {
    const top = this.tables.workloads.get(owner?.owner ?? "") ?? owner;
    const spec = top ?? {};
    const name = prefix ?? `${owner.name}-${this.hash(5)}`;
    const containers = spec._containers ?? ["app"];
    const pod = {
      id: this.id("pod"),
      ns: owner?.ns ?? "default",
      name,
      node,
      state: state ?? "pending",
      status: "Pending",
      ready: `0/${containers.length}`,
      restarts: 0,
      owner: owner?.id ?? "",
      workload: top ? `${top.kind}/${top.name}` : `Pod/${name}`,
      cpu: spec._cpu ?? 100,
      mem: spec._mem ?? 64 * MI,
      qos: spec._cpu ? "Burstable" : "BestEffort",
      reason: "",
      message: "",
      containers: containers.map(c => [c, "waiting", "", false, 0]),
      created: this.now,
      ip: "",
      image: owner?.images?.[0] ?? "nginx",
    };
    this.put("pods", pod);
    return pod;
  }

  event(type, reason, message, kind, obj, source) {
    const key = `ev-${kind}-${obj.id}-${reason}`;
    const old = this.tables.events.get(key);
    this.put("events", {
      id: key,
      type,
      reason,
      message,
      objKind: kind,
      objNs: obj.ns ?? "",
      objName: obj.name,
      objId: obj.id,
      count: (old?.count ?? 0) + 1,
      last: this.now,
      source,
    });
  }

  set(pod, patch) {
    if (!this.tables.pods.has(pod.id)) return;
    Object.assign(pod, patch);
    this.put("pods", pod);
  }

  component(name) {
    return [...this.tables.components.values()].filter(c => c.name === name).some(c => c.state === "running");
  }

  fits(node, pod) {
    const reasons = [];
    if (node.ready !== "True" || node.power !== "on")
      reasons.push(["TaintToleration", "node(s) had untolerated taint {node.kubernetes.io/unreachable: }"]);
    else if (node.cordoned) reasons.push(["NodeUnschedulable", "node(s) were unschedulable"]);
    else if (node.role === "control-plane")
      reasons.push([
        "TaintToleration",
        "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",
      ]);
    else if (node.cpuReq + pod.cpu > node.cpu) reasons.push(["NodeResourcesFit", "Insufficient cpu"]);
    else if (node.memReq + pod.mem > node.mem) reasons.push(["NodeResourcesFit", "Insufficient memory"]);
    return reasons;
  }

  verdicts(pod) {
    return [...this.tables.nodes.values()].map(n => {
      const bad = this.fits(n, pod);
      const free = Math.round(100 * (1 - n.cpuReq / n.cpu));
      return bad.length
        ? {
            name: n.name,
            feasible: false,
            plugin: bad[0][0],
            code: "Unschedulable",
            reasons: bad.map(b => b[1]),
          }
        : {
            name: n.name,
            feasible: true,
            reasons: [],
            scores: { NodeResourcesFit: free, TaintToleration: 100, ImageLocality: 0 },
            total: free + 100,
          };
    });
  }

  bind(pod, node) {
    node.cpuReq += pod.cpu;
    node.memReq += pod.mem;
    this.put("nodes", node);
    this.set(pod, {
      node: node.name,
      state: "creating",
      status: "ContainerCreating",
      reason: "",
      message: "",
      ip: `10.244.${this.counter % 200}.${Math.floor(this.random() * 250)}`,
    });
    this.notes.push({ k: "bind", pod: pod.id, node: node.name });
    this.event(
      "Normal",
      "Scheduled",
      `Successfully assigned ${pod.ns}/${pod.name} to ${node.name}`,
      "Pod",
      pod,
      "default-scheduler",
    );
    this.after(0.6 + this.random() * 2.4, () => this.start(pod));
  }

  start(pod) {
    if (pod.state !== "creating") return;
    const n = this.node(pod.node);
    if (n?.power !== "on" || n.kubelet !== "running") return;
    this.set(pod, {
      state: "notready",
      status: "Running",
      containers: pod.containers.map(c => [c[0], "running", "", false, c[4]]),
    });
    this.event(
      "Normal",
      "Started",
      `Started container ${pod.containers[0][0]}`,
      "Pod",
      pod,
      `kubelet, ${pod.node}`,
    );
    this.after(0.5 + this.random() * 1.5, () => {
      if (pod.state !== "notready") return;
      const bad = /crash|broken/.test(pod.name);
      if (bad) return this.crash(pod);
      this.set(pod, {
        state: "running",
        ready: `${pod.containers.length}/${pod.containers.length}`,
        containers: pod.containers.map(c => [c[0], "running", "", true, c[4]]),
      });
    });
  }

  crash(pod) {
    const r = pod.restarts + 1;
    this.set(pod, {
      state: "crash",
      status: "CrashLoopBackOff",
      restarts: r,
      ready: `0/${pod.containers.length}`,
      reason: "CrashLoopBackOff",
      message: "back-off 40s restarting failed container",
      containers: pod.containers.map(c => [c[0], "waiting", "CrashLoopBackOff", false, r]),
    });
    this.event(
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${pod.containers[0][0]} in pod ${pod.name}`,
      "Pod",
      pod,
      `kubelet, ${pod.node}`,
    );
    this.after(6 + this.random() * 6, () => {
      if (pod.state !== "crash" || !this.tables.pods.has(pod.id)) return;
      this.set(pod, {
        state: "notready",
        status: "Running",
        containers: pod.containers.map(c => [c[0], "running", "", false, r]),
      });
      this.after(1.5, () => {
        if (pod.state !== "notready") return;
        if (/crash|broken/.test(pod.name)) this.crash(pod);
        else
          this.set(pod, {
            state: "running",
            ready: `${pod.containers.length}/${pod.containers.length}`,
            containers: pod.containers.map(c => [c[0], "running", "", true, r]),
          });
      });
    });
  }

  kill(pod, grace = 1.2) {
    if (pod.state === "terminating" || !this.tables.pods.has(pod.id)) return;
    this.set(pod, { state: "terminating", status: "Terminating" });
    this.event(
      "Normal",
      "Killing",
      `Stopping container ${pod.containers[0][0]}`,
      "Pod",
      pod,
      `kubelet, ${pod.node}`,
    );
    this.after(grace, () => this.gone(pod));
  }

  gone(pod) {
    if (!this.tables.pods.has(pod.id)) return;
    const n = this.node(pod.node);
    if (n) {
      n.cpuReq -= pod.cpu;
      n.memReq -= pod.mem;
      this.put("nodes", n);
    }
    this.notes.push({ k: "kill", pod: pod.id });
    this.drop("pods", pod.id);
  }

  power(name, on) {
    const n = this.node(name);
    if (!n) return false;
    n.power = on ? "on" : "off";
    this.put("nodes", n);
    this.after(on ? 1 : 6, () => {
      if ((n.power === "on") !== on) return;
      n.ready = on ? "True" : "Unknown";
      n.taints = on ? [] : ["node.kubernetes.io/unreachable:NoExecute"];
      this.put("nodes", n);
      this.event(
        on ? "Normal" : "Warning",
        on ? "NodeReady" : "NodeNotReady",
        `Node ${n.name} status is now: ${on ? "NodeReady" : "NodeNotReady"}`,
        "Node",
        n,
        "node-controller",
      );
      for (const p of this.tables.pods.values()) {
        if (p.node !== n.name || p.state === "terminating") continue;
        if (on) this.set(p, { state: "running", status: "Running" });
        else this.set(p, { state: "notready", ready: `0/${p.containers.length}` });
      }
      if (!on)
        this.after(6, () => {
          if (n.power === "on") return;
          for (const p of this.tables.pods.values()) if (p.node === n.name) this.kill(p, 4);
        });
    });
    return true;
  }

  /** `n` random status changes, for the load scenario. */
  churn(n) {
    const states = [
      "running",
      "running",
      "running",
      "notready",
      "creating",
      "crash",
      "running",
      "terminating",
      "running",
      "running",
    ];
    for (let i = 0; i < n; i++) {
      const p = this.loadPods[Math.floor(this.random() * this.loadPods.length)];
      p.state = states[Math.floor(this.random() * states.length)];
      if (p.state === "crash") p.restarts++;
      this.put("pods", p);
    }
  }
}
