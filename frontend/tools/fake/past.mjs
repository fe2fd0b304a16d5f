/** The toy cluster's past: its tables twice a second, for as long as a test takes. */
const KEPT = 240;
const EVERY_US = 500_000;

export function remember(cluster) {
  const { sim } = cluster;
  cluster.past ??= [];
  const last = cluster.past.at(-1);
  if (sim.loadPods || (last && sim.now - last.vtime < EVERY_US)) return;
  cluster.past.push({ rev: sim.rev, vtime: sim.now, tables: structuredClone(sim.snapshot()) });
  if (cluster.past.length > KEPT) cluster.past.shift();
}

export function past(cluster, { url, reply, part }) {
  const known = cluster.past ?? [];
  if (part === "state") {
    const found = known.findLast(p => p.rev <= Number(url.searchParams.get("revision")));
    return found ? reply(200, found) : reply(410, { title: "Gone", status: 410, detail: "compacted" });
  }
  const { sim } = cluster;
  const since = Number(url.searchParams.get("since"));
  const width = Math.ceil((sim.now - since) / 240) + 1;
  const buckets = new Map();
  for (const { rev, vtime } of known) {
    if (vtime < since) continue;
    const index = Math.floor((vtime - since) / width);
    buckets.set(index, [index, rev, (buckets.get(index)?.[2] ?? 0) + 1]);
  }
  const base = known.findLast(p => p.vtime < since)?.rev ?? 0;
  return reply(200, {
    since,
    until: sim.now,
    width,
    base,
    head: sim.rev,
    buckets: [...buckets.values()],
    marks: [],
  });
}
