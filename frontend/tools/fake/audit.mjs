/** What passes for an audit log: the requests to the toy cluster's Kubernetes API, as the real REST shows them. */
const VERBS = { GET: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** Wraps `reply`, so that the answer's code is noted. */
export function recorded(clusters, { method, url, reply }) {
  const [, , name, , ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const cluster = clusters.get(name);
  if (!cluster || method === "GET") return reply;
  const at = rest.indexOf("namespaces");
  const path = at >= 0 && rest.length > at + 2 ? rest.slice(at + 2) : rest.slice(-2);
  return (code, ...answer) => {
    cluster.audit ??= [];
    cluster.audit.unshift({
      id: cluster.audit.length + 1,
      at: new Date().toISOString(),
      time: new Date(cluster.sim.now / 1000).toISOString(),
      user: "admin",
      verb: VERBS[method],
      path: url.pathname.slice(`/k8s/${name}`.length),
      resource: path[0] ?? "",
      namespace: at >= 0 && rest.length > at + 2 ? rest[at + 1] : "",
      name: path[1] ?? "",
      code,
      latency: 900,
    });
    return reply(code, ...answer);
  };
}

export function audit(cluster, { url, reply, id }) {
  const all = cluster.audit ?? [];
  if (id) {
    const row = all.find(e => e.id === Number(id));
    return row
      ? reply(200, { kind: "Event", apiVersion: "audit.k8s.io/v1", requestURI: row.path, verb: row.verb })
      : reply(404, { title: "Not Found", status: 404 });
  }
  const query = Object.fromEntries(url.searchParams);
  const events = all.filter(
    e =>
      (!query.user || e.user.includes(query.user)) &&
      (!query.verb || e.verb === query.verb) &&
      (!query.resource || e.resource.includes(query.resource)) &&
      (!query.object || e.name === query.object) &&
      (!query.code || String(e.code).startsWith(query.code.replaceAll("x", ""))) &&
      (!query.text || e.path.includes(query.text)) &&
      (!query.after || e.id > Number(query.after)) &&
      (!query.before || e.id < Number(query.before)),
  );
  return reply(200, { events: events.slice(0, Number(query.limit ?? 100)), next: null });
}
