/** What passes for controllers and a scheduler in the toy cluster. */

export function reconcile(sim) {
  const owned = new Map();
  for (const p of sim.tables.pods.values()) {
    if (!owned.has(p.owner)) owned.set(p.owner, []);
    owned.get(p.owner).push(p);
  }
  for (const w of sim.tables.workloads.values()) {
    if (w._load || w.kind !== "ReplicaSet") continue;
    const dep = sim.tables.workloads.get(w.owner);
    const want = dep ? (dep._rs === w.id ? dep.desired : 0) : w.desired;
    const pods = (owned.get(w.id) ?? []).filter(p => p.state !== "terminating");
    const ready = pods.filter(p => p.state === "running").length;
    if (sim.component("kube-controller-manager")) {
      if (pods.length < want)
        for (let i = pods.length; i < Math.min(want, pods.length + 8); i++) sim.addPod(w);
      if (pods.length > want && (want > 0 || !dep || readyOf(sim, dep) > dep.desired * 0.7 || !dep.desired)) {
        const extra = [...pods].sort((a, b) => (a.state === "running") - (b.state === "running"));
        for (const p of extra.slice(0, want > 0 ? pods.length - want : 1)) sim.kill(p);
      }
    }
    if (w.desired !== want || w.current !== pods.length || w.ready !== ready) {
      Object.assign(w, {
        desired: want,
        current: pods.length,
        ready,
        available: ready,
        updated: pods.length,
      });
      sim.put("workloads", w);
    }
  }
  for (const d of sim.tables.workloads.values()) {
    if (d._load || d.kind !== "Deployment") continue;
    const all = [...sim.tables.workloads.values()].filter(w => w.owner === d.id);
    const ready = all.reduce((s, w) => s + w.ready, 0);
    const current = all.reduce((s, w) => s + w.current, 0);
    const updated = sim.tables.workloads.get(d._rs)?.current ?? 0;
    if (d.ready !== ready || d.current !== current || d.updated !== updated) {
      Object.assign(d, { ready, current, available: ready, updated });
      sim.put("workloads", d);
    }
  }
  for (const s of sim.tables.services.values()) {
    const n = s.selector
      ? [...sim.tables.pods.values()].filter(
          p => p.ns === s.ns && p.state === "running" && p.workload.endsWith(`/${s.selector.app ?? "-"}`),
        ).length
      : 0;
    if (n !== s.endpoints && !s._load) {
      s.endpoints = n;
      sim.put("services", s);
    }
  }
  schedule(sim);
}

function readyOf(sim, dep) {
  return [...sim.tables.workloads.values()].filter(w => w.owner === dep.id).reduce((s, w) => s + w.ready, 0);
}

function schedule(sim) {
  const pending = [...sim.tables.pods.values()].filter(p => p.state === "pending" && !p.node);
  const sched =
    sim.tables.components.get("kube-scheduler") ??
    [...sim.tables.components.values()].find(c => c.name === "kube-scheduler");
  if (sched && sched.queue !== pending.length) {
    sched.queue = pending.length;
    sim.put("components", sched);
  }
  if (!sim.component("kube-scheduler")) return;
  let budget = 3;
  for (const pod of pending) {
    if (sim.now - pod.created < 700_000) continue;
    const fit = [];
    const why = new Map();
    for (const n of sim.tables.nodes.values()) {
      const bad = sim.fits(n, pod);
      if (!bad.length) fit.push(n);
      else why.set(bad[0][1], (why.get(bad[0][1]) ?? 0) + 1);
    }
    if (!fit.length) {
      const total = sim.tables.nodes.size;
      const message = `0/${total} nodes are available: ${[...why].map(([r, n]) => `${n} ${r}`).join(", ")}.`;
      if (pod.message !== message) {
        const top =
          [...why].filter(([r]) => !r.includes("control-plane")).sort((a, b) => b[1] - a[1])[0] ??
          [...why][0];
        sim.set(pod, { reason: top ? top[0].replace(/^node\(s\) (had|were) /, "") : "No nodes", message });
        sim.event("Warning", "FailedScheduling", message, "Pod", pod, "default-scheduler");
      }
      continue;
    }
    if (budget-- <= 0) continue;
    const wish = sim.prefers.get(pod.owner);
    const best =
      fit.find(n => n.name === wish) ??
      fit.sort((a, b) => a.cpuReq / a.cpu - b.cpuReq / b.cpu || (a.name < b.name ? -1 : 1))[0];
    sim.prefers.delete(pod.owner);
    sim.bind(pod, best);
  }
}
