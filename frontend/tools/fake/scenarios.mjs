/** What is in a toy cluster at its start. */
const GI = 2 ** 30;
const MI = 2 ** 20;

export function demo(sim) {
  sim.addDeployment("frontend", "default", 3, {
    cpu: 100,
    mem: 100 * MI,
    image: "gb-frontend:v5",
    containers: ["php-redis"],
  });
  sim.addDeployment("redis-master", "default", 1, {
    cpu: 100,
    mem: 100 * MI,
    image: "redis:6.0.5",
    containers: ["master"],
  });
  sim.addDeployment("redis-replica", "default", 2, {
    cpu: 100,
    mem: 100 * MI,
    image: "gb-redis-follower:v2",
    containers: ["replica", "exporter"],
  });
  sim.addDeployment("coredns", "kube-system", 2, {
    cpu: 100,
    mem: 70 * MI,
    image: "coredns:1.12",
    containers: ["coredns"],
  });
  sim.addDeployment("crashy", "default", 1, {
    cpu: 50,
    mem: 32 * MI,
    image: "busybox:1.36",
    containers: ["sh"],
  });
  sim.addDeployment("big", "default", 2, {
    cpu: 3900,
    mem: 2 * GI,
    image: "training:1",
    containers: ["train"],
  });
  sim.addService("frontend", "default", { app: "frontend" }, "NodePort");
  sim.addService("redis-master", "default", { app: "redis-master" }, "ClusterIP", ["6379→6379/TCP"]);
  sim.addService("redis-replica", "default", { app: "redis-replica" }, "ClusterIP", ["6379→6379/TCP"]);
  sim.addService("kubernetes", "default", null, "ClusterIP", ["443→6443/TCP"]);
  sim.addService("kube-dns", "kube-system", { app: "coredns" }, "ClusterIP", ["53→53/UDP", "53→53/TCP"]);
  for (const c of ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"]) {
    if (!sim.node("control-plane-1")) break;
    const pod = sim.addPod(null, {
      node: "control-plane-1",
      prefix: `${c}-control-plane-1`,
      state: "running",
    });
    Object.assign(pod, {
      ns: "kube-system",
      status: "Running",
      ready: "1/1",
      containers: [[c, "running", "", true, 0]],
      owner: "",
      workload: `Pod/${pod.name}`,
    });
  }
  for (const name of ["app-config", "kube-root-ca.crt"])
    sim.put("configs", { id: sim.id("cm"), kind: "ConfigMap", ns: "default", name, created: sim.now });
}

export function load(sim) {
  const states = [
    "running",
    "running",
    "running",
    "running",
    "running",
    "running",
    "running",
    "running",
    "creating",
    "notready",
    "crash",
    "terminating",
    "succeeded",
  ];
  const deps = [];
  for (let d = 0; d < 120; d++) {
    const w = sim.addDeployment(`svc-${String(d).padStart(3, "0")}`, `team-${d % 12}`, 104);
    w._load = true;
    Object.assign(w, { current: 104, ready: 100, updated: 104, available: 100 });
    const rs = sim.tables.workloads.get(w._rs);
    rs._load = true;
    deps.push(rs);
  }
  let k = 0;
  for (const n of sim.tables.nodes.values()) {
    if (n.role !== "worker") continue;
    for (let i = 0; i < 25; i++) {
      const pod = sim.addPod(deps[k % deps.length], {
        node: n.name,
        state: states[Math.floor(sim.random() ** 2 * states.length)],
      });
      pod.status = "Running";
      pod.ready = "1/1";
      k++;
    }
    n.cpuReq = 2500;
    n.memReq = 25 * 64 * MI;
  }
  for (let i = 0; i < 40; i++) {
    const p = sim.addPod(deps[i % deps.length]);
    p.reason = i % 3 ? "Insufficient cpu" : "untolerated taint {gpu: true}";
    p.message = `0/500 nodes are available: 500 ${p.reason}.`;
  }
  sim.loadPods = [...sim.tables.pods.values()].filter(p => p.node);
}
