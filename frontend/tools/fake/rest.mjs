/** The playground's REST over the toy clusters. */
import { audit } from "./audit.mjs";
import { past } from "./past.mjs";
import { fakeSchema } from "./schema.mjs";

export function rest({ clusters, add, send, clock }, { method, url, body, reply }) {
  const [, , , section, name, part, ...more] = url.pathname.split("/").map(decodeURIComponent);
  const data = body ? JSON.parse(body) : {};
  if (section === "session") return reply(200, { user: "admin", csrf: "token", anonymous: false });
  if (section !== "clusters") return reply(404, { title: "Not Found", status: 404 });
  if (!name) {
    if (method === "POST") {
      if (clusters.has(data.name))
        return reply(409, {
          title: "Conflict",
          status: 409,
          detail: `A cluster named "${data.name}" exists`,
          errors: [{ field: "name", message: "is taken" }],
        });
      if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(data.name ?? ""))
        return reply(422, {
          title: "Invalid",
          status: 422,
          detail: "name is not a DNS label",
          errors: [{ field: "name", message: "must be lower case letters, digits and -" }],
        });
      add(data.name, {
        seed: data.seed ?? 1,
        workers: data.workers ?? 3,
        controlPlanes: data.controlPlanes ?? 1,
        scenario: "empty",
      });
      return reply(201, { name: data.name });
    }
    return reply(200, { clusters: [...clusters.values()].map(summary) });
  }
  const cluster = clusters.get(name);
  if (!cluster)
    return reply(404, { title: "Not Found", status: 404, detail: `There is no cluster "${name}"` });
  const { sim } = cluster;
  if (!part) {
    if (method === "DELETE") {
      clusters.delete(name);
      return reply(204, "");
    }
    return reply(200, summary(cluster));
  }
  if (part === "clock") {
    if (more[0] === "step") sim.step();
    else if (method === "PATCH") {
      if (data.speed !== undefined) sim.speed = data.speed === "max" ? "max" : Number(data.speed);
      if (data.paused !== undefined) sim.paused = data.paused;
    }
    for (const socket of cluster.sockets) send(socket, clock(sim));
    return reply(200, clock(sim));
  }
  if (part === "machines") {
    if (method === "POST") {
      let i = 1;
      while (sim.node(`node-${i}`)) i++;
      const node = sim.addNode(data.name ?? `node-${i}`, "worker", data.zone ?? "zone-a", {
        ready: "False",
      });
      sim.after(1.5, () => {
        node.ready = "True";
        sim.put("nodes", node);
      });
      return reply(201, { name: node.name });
    }
    if (method === "PATCH") return reply(200, sim.power(more[0], data.power !== "off") ? {} : {});
    return reply(204, "");
  }
  if (part === "faults") {
    if (method === "POST") {
      const id = sim.id("fault");
      sim.put("faults", {
        id,
        kind: data.kind,
        target: data.target,
        until: data.duration ? sim.now + Number.parseFloat(data.duration) * 1e6 : null,
        since: sim.now,
      });
      if (data.kind === "node-power") sim.power(data.target, false);
      if (data.kind === "component-stop")
        for (const c of sim.tables.components.values())
          if (c.name === data.target) sim.put("components", Object.assign(c, { state: "stopped" }));
      if (data.kind === "pod-crash")
        for (const p of sim.tables.pods.values()) if (`${p.ns}/${p.name}` === data.target) sim.crash(p);
      return reply(201, { id });
    }
    if (method === "DELETE") {
      const fault = sim.tables.faults.get(more[0]);
      if (!fault) return reply(404, { title: "Not Found", status: 404 });
      sim.drop("faults", fault.id);
      if (fault.kind === "node-power") sim.power(fault.target, true);
      if (fault.kind === "component-stop")
        for (const c of sim.tables.components.values())
          if (c.name === fault.target) sim.put("components", Object.assign(c, { state: "running" }));
      return reply(204, "");
    }
    return reply(200, { items: [...sim.tables.faults.values()] });
  }
  if (part === "explain") {
    if (more[0] === "move") {
      const pod = [...sim.tables.pods.values()].find(p => `${p.ns}/${p.name}` === data.pod);
      if (!pod) return reply(404, { title: "Not Found", status: 404 });
      return reply(200, {
        nodes: sim.verdicts(pod),
        refused: pod.owner
          ? null
          : pod.name.includes("control-plane")
            ? "Static pods belong to their node"
            : null,
      });
    }
    const pod = [...sim.tables.pods.values()].find(p => p.ns === more[1] && p.name === more[2]);
    if (!pod) return reply(404, { title: "Not Found", status: 404 });
    const nodes = sim.verdicts(pod);
    const fit = nodes.filter(n => n.feasible).length;
    return reply(200, {
      summary: pod.node
        ? `Runs on ${pod.node}`
        : `Pending: ${fit} of ${nodes.length} nodes fit${pod.message ? `: ${pod.message.split(": ")[1]}` : ""}`,
      state: pod.state,
      nodes,
      preFilter: null,
      condition: null,
    });
  }
  if (part === "timeline" || part === "state") return past(cluster, { url, reply, part });
  if (part === "members") {
    cluster.members ??= new Map([["admin", "owner"]]);
    if (method === "PUT") {
      if (more[0] === "nobody")
        return reply(404, { title: "Not Found", status: 404, detail: "there is nobody called 'nobody'" });
      cluster.members.set(more[0], data.role);
      return reply(200, { user: more[0], role: data.role });
    }
    if (method === "DELETE") {
      cluster.members.delete(more[0]);
      return reply(204, "");
    }
    return reply(200, { members: [...cluster.members].map(([user, role]) => ({ user, role })) });
  }
  if (part === "audit") return audit(cluster, { url, reply, id: more[0] });
  if (part === "schema" && more[0]) {
    const type = fakeSchema.types[more[0]];
    if (!type) return reply(404, { title: "Not Found", status: 404 });
    const fields = Object.fromEntries(Object.keys(type.p).map(f => [f, `What ${f} is for.`]));
    return reply(200, { description: more[0], fields });
  }
  if (part === "schema") return reply(200, fakeSchema);
  if (part === "kubeconfig") return reply(200, "apiVersion: v1\nkind: Config\n", "application/yaml");
  return reply(404, { title: "Not Found", status: 404 });
}

function summary(cluster) {
  const { sim } = cluster;
  const nodes = [...sim.tables.nodes.values()];
  const heat = new Map(nodes.map(n => [n.name, [0, 0, 0, 0]]));
  let pending = 0;
  let failing = 0;
  for (const p of sim.tables.pods.values()) {
    const klass =
      p.state === "running" || p.state === "succeeded"
        ? 0
        : p.state === "pending" || p.state === "creating"
          ? 2
          : p.state === "crash" || p.state === "failed"
            ? 3
            : 1;
    if (p.state === "pending") pending++;
    if (klass === 3) failing++;
    const h = heat.get(p.node);
    if (h) h[klass]++;
  }
  return {
    name: cluster.name,
    created: new Date(cluster.created).toISOString(),
    nodes: nodes.length,
    nodesReady: nodes.filter(n => n.ready === "True").length,
    pods: sim.tables.pods.size,
    pending,
    failing,
    running: sim.tables.pods.size - pending - failing,
    speed: sim.speed,
    paused: sim.paused,
    lastActivity: new Date().toISOString(),
    revision: sim.rev,
    heat: [...heat.values()],
  };
}
