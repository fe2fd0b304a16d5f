/** A sliver of the Kubernetes API over the toy cluster: enough for what the page reads and writes. */
import YAML from "yaml";

export function kube(clusters, { method, url, body, reply, req }) {
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
