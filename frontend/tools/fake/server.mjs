/** The fake backend: websocket, playground REST and a sliver of the Kubernetes API over the toy cluster. */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import YAML from "yaml";
import { fakeSchema } from "./schema.mjs";
import { Sim } from "./sim.mjs";

const FRAME_MS = 50;
const PART_ROWS = 900;

export function startFake({
  port = 0,
  scenario = "demo",
  workers = 3,
  controlPlanes = 1,
  rate = 1000,
  seed = 1,
  handler,
} = {}) {
  const clusters = new Map();
  const add = (name, options) => {
    const cluster = { name, sim: new Sim(options), sockets: new Set(), ring: [], created: Date.now() };
    clusters.set(name, cluster);
    return cluster;
  };
  add("demo", { seed, workers, controlPlanes, scenario });

  const timer = setInterval(() => {
    for (const cluster of clusters.values()) {
      const { sim } = cluster;
      if (sim.loadPods) {
        sim.now += FRAME_MS * 1000;
        sim.churn(Math.round((rate * FRAME_MS) / 1000));
      } else sim.advance(FRAME_MS);
      publish(cluster);
    }
  }, FRAME_MS);

  function publish(cluster) {
    const delta = cluster.sim.flush();
    if (!delta) return;
    cluster.ring.push(delta);
    if (cluster.ring.length > 400) cluster.ring.shift();
    for (const socket of cluster.sockets)
      if (socket.live) send(socket, { t: "delta", seq: ++socket.seq, ...delta });
  }

  function send(socket, frame) {
    if (socket.readyState === 1) socket.send(JSON.stringify(frame));
  }

  function clock(sim) {
    return {
      t: "clock",
      now: sim.now,
      wall: Date.now() * 1000,
      speed: sim.speed,
      paused: sim.paused,
      lag: 0,
    };
  }

  function snapshot(socket, cluster) {
    const tables = cluster.sim.snapshot();
    const parts = [];
    for (const [name, { cols, rows }] of Object.entries(tables)) {
      for (let i = 0; i < Math.max(1, rows.length); i += PART_ROWS)
        parts.push({ [name]: { cols, rows: rows.slice(i, i + PART_ROWS) } });
    }
    send(socket, clock(cluster.sim));
    for (const [i, part] of parts.entries()) {
      send(socket, {
        t: "snapshot",
        seq: ++socket.seq,
        rev: cluster.sim.rev,
        part: i,
        parts: parts.length,
        tables: part,
      });
    }
    socket.live = true;
  }

  function presence(cluster) {
    for (const socket of cluster.sockets) {
      const peers = [...cluster.sockets]
        .filter(s => s !== socket && s.presence)
        .map(s => ({ session: s.session, user: s.user, color: s.color, ...s.presence }));
      send(socket, { t: "presence", peers });
    }
  }

  const server = createServer(async (req, res) => {
    const url = new URL(req.url, "http://x");
    let body = "";
    for await (const chunk of req) body += chunk;
    const reply = (status, data, type = "application/json") => {
      res.writeHead(status, { "Content-Type": type });
      res.end(typeof data === "string" ? data : JSON.stringify(data));
    };
    try {
      if (url.pathname.startsWith("/api/v1/") || url.pathname === "/api/v1")
        return rest(req.method, url, body, reply);
      if (url.pathname.startsWith("/k8s/")) return kube(req.method, url, body, reply, req);
      if (handler) return handler(req, res);
      reply(404, "not found", "text/plain");
    } catch (error) {
      reply(500, { title: "Fake server error", status: 500, detail: String(error?.stack ?? error) });
    }
  });

  function rest(method, url, body, reply) {
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

  function kube(method, url, body, reply, req) {
    const [, , name, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const cluster = clusters.get(name);
    const status = (code, reason, message, causes) =>
      reply(code, {
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        code,
        reason,
        message,
        details: causes ? { causes } : undefined,
      });
    if (!cluster) return status(404, "NotFound", "no such cluster");
    const { sim } = cluster;
    const core = rest[0] === "api";
    const path = core ? rest.slice(2) : rest.slice(3);
    const ns = path[0] === "namespaces" && path.length > 2 ? path[1] : "";
    const [plural, object, sub] = ns ? path.slice(2) : path;
    const find = () => {
      if (plural === "pods") return [...sim.tables.pods.values()].find(p => p.ns === ns && p.name === object);
      if (plural === "nodes") return sim.node(object);
      if (plural === "services")
        return [...sim.tables.services.values()].find(p => p.ns === ns && p.name === object);
      return [...sim.tables.workloads.values()].find(
        w => `${w.kind.toLowerCase()}s` === plural && w.ns === ns && w.name === object,
      );
    };
    const row = object ? find() : undefined;
    if (!object && method === "POST") return reply(201, JSON.parse(body));
    if (!object)
      return reply(200, {
        kind: "List",
        apiVersion: "v1",
        items: plural === "endpointslices" ? slices(sim, ns, url) : [],
      });
    if (method === "PATCH" && req.headers["content-type"]?.includes("apply")) {
      const doc = YAML.parse(body);
      const image = doc?.spec?.template?.spec?.containers?.[0]?.image;
      const replicas = doc?.spec?.replicas;
      if (image !== undefined && typeof image !== "string")
        return status(
          422,
          "Invalid",
          `Deployment.apps "${doc.metadata.name}" is invalid: spec.template.spec.containers[0].image: Invalid value`,
          [
            {
              field: "spec.template.spec.containers[0].image",
              reason: "FieldValueInvalid",
              message: "Invalid value: must be a string",
            },
          ],
        );
      if (image === "")
        return status(
          422,
          "Invalid",
          `Deployment.apps "${doc.metadata.name}" is invalid: spec.template.spec.containers[0].image: Required value`,
          [
            {
              field: "spec.template.spec.containers[0].image",
              reason: "FieldValueRequired",
              message: "Required value",
            },
          ],
        );
      if (!url.searchParams.get("dryRun") && doc.kind === "Deployment") {
        const dep = sim.addDeployment(doc.metadata.name, doc.metadata.namespace ?? ns, replicas ?? 1, {
          image,
        });
        if (image && dep.images[0] !== image) {
          dep.images = [image];
          sim.newReplicaSet(dep);
        }
      }
      return reply(200, { ...doc, metadata: { ...doc.metadata, resourceVersion: String(sim.rev) } });
    }
    if (!row) return status(404, "NotFound", `${plural} "${object}" not found`);
    if (sub === "log")
      return reply(
        200,
        Array.from(
          { length: 30 },
          (_, i) =>
            `2026-01-05T09:00:${String(i).padStart(2, "0")}Z request served in ${Math.floor(sim.random() * 90)} ms`,
        ).join("\n"),
        "text/plain",
      );
    if (sub === "eviction") {
      sim.kill(row);
      return reply(201, { kind: "Status", status: "Success", code: 201 });
    }
    if (sub === "binding") {
      const node = sim.node(JSON.parse(body).target.name);
      sim.bind(row, node);
      return reply(201, { kind: "Status", status: "Success", code: 201 });
    }
    if (sub === "scale") {
      row.desired = JSON.parse(body).spec.replicas;
      sim.put("workloads", row);
      return reply(200, {});
    }
    if (method === "DELETE") {
      if (plural === "pods") sim.kill(row);
      if (plural === "nodes") sim.drop("nodes", row.id);
      if (plural === "deployments") {
        row.desired = 0;
        sim.put("workloads", row);
      }
      return reply(200, { kind: "Status", status: "Success", code: 200 });
    }
    if (method === "PATCH") {
      const patch = JSON.parse(body);
      if (plural === "nodes" && patch.spec)
        sim.put("nodes", Object.assign(row, { cordoned: patch.spec.unschedulable === true }));
      const wish = patch.metadata?.annotations?.["playground.dev/next-pod-prefers"];
      if (wish) sim.prefers.set(row.id, wish);
      return reply(200, toObject(plural, row, sim));
    }
    return reply(200, toObject(plural, row, sim));
  }

  const wss = new WebSocketServer({ noServer: true });
  server.on("upgrade", (req, socket, head) => {
    const match = /^\/ws\/clusters\/([^/]+)/.exec(req.url);
    const cluster = match && clusters.get(decodeURIComponent(match[1]));
    wss.handleUpgrade(req, socket, head, ws => {
      if (!cluster) return ws.close(4404, "no such cluster");
      Object.assign(ws, {
        seq: 0,
        live: false,
        session: sim_session(),
        user: "guest",
        color: ["#e0568a", "#3b8fd9", "#8a63d2", "#2b9d8f"][cluster.sockets.size % 4],
        presence: null,
      });
      cluster.sockets.add(ws);
      send(ws, {
        t: "hello",
        protocol: 1,
        cluster: cluster.name,
        session: ws.session,
        user: "admin",
        can: { write: true, faults: true },
        limits: { frame: 200000 },
      });
      ws.on("message", text => {
        const frame = JSON.parse(String(text));
        if (frame.t === "start") snapshot(ws, cluster);
        if (frame.t === "resume") {
          const missed = cluster.ring.filter(d => d.rev > frame.rev);
          if (missed.length && missed[0].rev === frame.rev + 1) {
            send(ws, clock(cluster.sim));
            for (const d of missed) send(ws, { t: "delta", seq: ++ws.seq, ...d });
            ws.live = true;
          } else snapshot(ws, cluster);
        }
        if (frame.t === "presence") {
          ws.presence = { cursor: frame.cursor, selection: frame.selection };
          presence(cluster);
        }
      });
      ws.on("close", () => {
        cluster.sockets.delete(ws);
        presence(cluster);
      });
    });
  });
  let sessions = 0;
  function sim_session() {
    return `s${++sessions}`;
  }

  return new Promise(resolve => {
    server.listen(port, "127.0.0.1", () =>
      resolve({
        port: server.address().port,
        clusters,
        /** Cut every socket, as a network failure would. */
        cut() {
          for (const c of clusters.values()) for (const s of c.sockets) s.terminate();
        },
        close() {
          clearInterval(timer);
          for (const c of clusters.values()) for (const s of c.sockets) s.terminate();
          server.closeAllConnections();
          return new Promise(done => server.close(done));
        },
      }),
    );
  });
}

function slices(sim, ns, url) {
  const name = /service-name=([^,]+)/.exec(url.searchParams.get("labelSelector") ?? "")?.[1];
  const svc = [...sim.tables.services.values()].find(s => s.ns === ns && s.name === name);
  if (!svc?.selector) return [];
  const pods = [...sim.tables.pods.values()].filter(
    p => p.ns === ns && p.node && p.workload.endsWith(`/${svc.selector.app}`),
  );
  return [
    {
      metadata: { name: `${name}-abc` },
      endpoints: pods.map(p => ({
        conditions: { ready: p.state === "running" },
        targetRef: { kind: "Pod", name: p.name, uid: p.id },
      })),
    },
  ];
}

function toObject(plural, row, sim) {
  const metadata = {
    name: row.name,
    namespace: row.ns,
    uid: row.id,
    resourceVersion: String(sim.rev),
    creationTimestamp: new Date(row.created / 1000).toISOString(),
    labels: { app: row.name },
  };
  if (plural === "pods") {
    const top = [...sim.tables.workloads.values()].find(w => w.id === row.owner);
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        ownerReferences: top
          ? [{ apiVersion: "apps/v1", kind: top.kind, name: top.name, uid: top.id, controller: true }]
          : undefined,
      },
      spec: {
        nodeName: row.node || undefined,
        containers: row.containers.map(c => ({
          name: c[0],
          image: row.image,
          resources: { requests: { cpu: `${row.cpu}m`, memory: String(row.mem) } },
        })),
      },
      status: {
        phase: row.node ? "Running" : "Pending",
        podIP: row.ip || undefined,
        conditions: [
          {
            type: "PodScheduled",
            status: row.node ? "True" : "False",
            reason: row.node ? undefined : "Unschedulable",
            message: row.message || undefined,
            lastTransitionTime: new Date(row.created / 1000).toISOString(),
          },
          {
            type: "Ready",
            status: row.state === "running" ? "True" : "False",
            lastTransitionTime: new Date(row.created / 1000).toISOString(),
          },
        ],
        containerStatuses: row.containers.map(c => ({
          name: c[0],
          ready: c[3],
          restartCount: c[4],
          image: row.image,
          state:
            c[1] === "running"
              ? { running: { startedAt: new Date(sim.now / 1000).toISOString() } }
              : { waiting: { reason: c[2] || "ContainerCreating" } },
        })),
      },
    };
  }
  if (plural === "nodes") {
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: { ...metadata, namespace: undefined },
      spec: {
        unschedulable: row.cordoned || undefined,
        taints: row.taints.map(t => ({ key: t.split(/[=:]/)[0], effect: t.split(":").pop() })),
      },
      status: {
        conditions: [
          {
            type: "Ready",
            status: row.ready,
            reason: "KubeletReady",
            message: "kubelet is posting ready status",
          },
        ],
        allocatable: { cpu: `${row.cpu}m`, memory: String(row.mem), pods: String(row.slots) },
      },
    };
  }
  if (plural === "services")
    return {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: row.type, clusterIP: row.ip, selector: row.selector ?? undefined },
    };
  return {
    apiVersion: "apps/v1",
    kind: row.kind,
    metadata: { ...metadata, generation: 1 },
    spec: {
      replicas: row.desired,
      selector: { matchLabels: { app: row.name } },
      template: {
        metadata: { labels: { app: row.name } },
        spec: {
          containers: [
            {
              name: "app",
              image: row.images[0],
              resources: { requests: { cpu: "100m", memory: "64Mi" } },
              ports: [{ containerPort: 80 }],
            },
          ],
        },
      },
    },
    status: {
      replicas: row.current,
      readyReplicas: row.ready,
      availableReplicas: row.available,
      conditions: [
        {
          type: "Available",
          status: row.ready >= row.desired ? "True" : "False",
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
        },
      ],
    },
  };
}
