/** The fake backend: websocket, playground REST and a sliver of the Kubernetes API over the toy cluster. */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { recorded } from "./audit.mjs";
import { kube } from "./kube.mjs";
import { remember } from "./past.mjs";
import { rest } from "./rest.mjs";
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
    remember(cluster);
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
        return rest({ clusters, add, send, clock }, { method: req.method, url, body, reply });
      if (url.pathname.startsWith("/k8s/"))
        return kube(clusters, {
          method: req.method,
          url,
          body,
          reply: recorded(clusters, { method: req.method, url, reply }),
          req,
        });
      if (handler) return handler(req, res);
      reply(404, "not found", "text/plain");
    } catch (error) {
      reply(500, { title: "Fake server error", status: 500, detail: String(error?.stack ?? error) });
    }
  });

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
        can: { write: true, faults: true, share: true },
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
