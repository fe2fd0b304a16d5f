import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { commandsFor } from "@/actions/commands";
import { editable, toYaml } from "@/actions/documents";
import { age } from "@/actions/look";
import { drain, evictable } from "@/actions/nodes";
import { planMove, reborn } from "@/actions/pods";
import { hintFor, run } from "@/actions/run";
import type { ClusterSession } from "@/actions/session";
import { StatusError, toFailure } from "@/net/errors";
import { parseWarnings } from "@/net/kube";
import type { Pod } from "@/protocol/rows";
import { ui } from "@/store/ui";
import { live, newSim, openSession, type Sim } from "./support";

interface Call {
  method: string;
  path: string;
  body: unknown;
}

/** Answers by "METHOD path-prefix"; the first that fits. */
type Answers = Record<string, (call: Call) => { status: number; body?: unknown }>;

function stubFetch(answers: Answers): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
    const call = {
      method: init.method ?? "GET",
      path: url,
      body: init.body ? JSON.parse(String(init.body)) : undefined,
    };
    calls.push(call);
    const key = Object.keys(answers).find(k => `${call.method} ${call.path}`.startsWith(k));
    const { status, body } = key ? answers[key]!(call) : { status: 200, body: {} };
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status }));
  });
  return calls;
}

const status = (code: number, reason: string, message: string) => ({
  status: code,
  body: { kind: "Status", status: "Failure", code, reason, message },
});

describe("actions", () => {
  let sim: Sim;
  let session: ClusterSession;
  const pod = (start: string): Pod => {
    const { pods } = session.model;
    return pods.row([...pods.indices()].find(i => pods.name[i]!.startsWith(start))!);
  };
  const step = (n = 1) => live(sim, n, delta => session.model.apply(delta));

  beforeEach(() => {
    sim = newSim({ seed: 1 });
    session = openSession(sim);
    step(400);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("plans an eviction with the wish for the controller that makes the replacement", async () => {
    const p = pod("frontend");
    const plan = planMove(session, p, "node-3", null);
    const rs = session.model.workloads.get(p.owner)!;
    expect(plan.kind).toBe("evict");
    expect(plan.calls).toEqual([
      `PATCH /apis/apps/v1/namespaces/default/replicasets/${rs.name}`,
      `POST /api/v1/namespaces/default/pods/${p.name}/eviction`,
    ]);
    const calls = stubFetch({});
    plan.run();
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[0]!.body).toEqual({
      metadata: { annotations: { "playground.dev/next-pod-prefers": "node-3" } },
    });
    expect(calls[1]!.body).toMatchObject({
      kind: "Eviction",
      metadata: { name: p.name, namespace: "default" },
    });
  });

  it("takes the wish back when a budget holds the eviction", async () => {
    const calls = stubFetch({
      "POST /k8s/demo/api/v1": () => status(429, "TooManyRequests", "Cannot evict pod"),
    });
    planMove(session, pod("frontend"), "node-3", null).run();
    await vi.waitFor(() => expect(calls).toHaveLength(3));
    expect(calls[2]!.body).toEqual({
      metadata: { annotations: { "playground.dev/next-pod-prefers": null } },
    });
    await vi.waitFor(() =>
      expect(ui.get().toasts[0]).toMatchObject({ tone: "bad", detail: "Cannot evict pod" }),
    );
    expect(ui.get().echoes[0]).toMatchObject({ state: "failed", error: "Cannot evict pod" });
  });

  it("binds a pending pod, and says what the scheduler would say", () => {
    const plan = planMove(session, pod("big"), "node-1", {
      nodes: [{ name: "node-1", feasible: false, reasons: ["Insufficient cpu"] }],
    });
    expect(plan).toMatchObject({ kind: "bind", warning: "The scheduler would not: Insufficient cpu" });
    expect(plan.calls[0]).toMatch(/^POST .*\/binding$/);
  });

  it("refuses what cannot be moved, with the reason", () => {
    const p = pod("frontend");
    expect(planMove(session, { ...p, workload: "DaemonSet/log" }, "node-1", null)).toMatchObject({
      kind: "refused",
    });
    expect(planMove(session, p, "node-1", { nodes: [], refused: "no" })).toMatchObject({
      kind: "refused",
      body: "no",
    });
    const node = session.model.nodes.list()[0]!;
    expect(planMove(session, { ...p, owner: node.id }, "node-1", null).body).toMatch(/static/);
  });

  it("recreates a pod that nothing controls, without what the server added", () => {
    const plan = planMove(session, { ...pod("frontend"), owner: "" }, "node-1", null);
    expect(plan.kind).toBe("recreate");
    const again = reborn(
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "a", namespace: "b", uid: "u", resourceVersion: "3", labels: { x: "y" } },
        spec: { containers: [], nodeName: "old" },
        status: { phase: "Running" },
      },
      "new",
    );
    expect(again).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a", namespace: "b", labels: { x: "y" }, annotations: undefined },
      spec: { containers: [], nodeName: "new" },
    });
  });

  it("drains within budgets, then takes machine and Node away", async () => {
    vi.useFakeTimers();
    const node = session.model.nodes.at(session.model.nodeByName.get("node-1")!)!;
    const targets = evictable(session, node);
    expect(targets.length).toBeGreaterThan(1);
    let refusals = 1;
    const calls = stubFetch({
      "PATCH /k8s/demo/api/v1/nodes/node-1": () => {
        Object.assign(sim.node("node-1")!, { cordoned: true });
        return { status: 200 };
      },
      "POST /k8s/demo/api/v1/namespaces/": call => {
        if (refusals-- > 0)
          return status(429, "TooManyRequests", "Cannot evict pod as it would violate the budget");
        const name = call.path.split("/").at(-2);
        sim.kill([...sim.tables.pods!.values()].find(p => (p as { name: string }).name === name));
        return { status: 201 };
      },
      "DELETE /api/v1/clusters/demo/machines/node-1": () => ({ status: 204 }),
      "DELETE /k8s/demo/api/v1/nodes/node-1": () => status(404, "NotFound", "gone"),
    });
    const done = drain(session, node, true);
    for (let i = 0; i < 60; i++) {
      await vi.advanceTimersByTimeAsync(200);
      step(4);
      if (i === 0) expect(ui.get().drains["node-1"]).toMatchObject({ phase: "wait", total: targets.length });
    }
    await done;
    const told = calls.map(
      c => `${c.method} ${c.path.replace(/^\/k8s\/demo|^\/api\/v1\/clusters\/demo|\?.*/g, "")}`,
    );
    expect(told[0]).toBe("PATCH /api/v1/nodes/node-1");
    expect(calls[0]!.body).toEqual({ spec: { unschedulable: true } });
    expect(told.filter(c => c.endsWith("/eviction"))).toHaveLength(targets.length + 1);
    expect(told.slice(-2)).toEqual(["DELETE /machines/node-1", "DELETE /api/v1/nodes/node-1"]);
    expect(ui.get().drains).toEqual({});
    expect(ui.get().toasts.at(-1)).toMatchObject({ tone: "ok", title: "node-1 left the cluster" });
  });

  it("stops draining when asked to, and deletes nothing", async () => {
    vi.useFakeTimers();
    const node = session.model.nodes.at(session.model.nodeByName.get("node-1")!)!;
    const calls = stubFetch({
      "POST /k8s/demo/api/v1/namespaces/": () => status(429, "TooManyRequests", "no"),
    });
    const done = drain(session, node, true);
    await vi.advanceTimersByTimeAsync(300);
    ui.get().drains["node-1"]!.cancel();
    await vi.advanceTimersByTimeAsync(3000);
    await done;
    expect(calls.some(c => c.method === "DELETE")).toBe(false);
    expect(ui.get().toasts.at(-1)!.title).toMatch(/Stopped draining/);
  });

  it("does nothing for somebody who may only look", async () => {
    ui.set({ canWrite: false });
    const did = vi.fn();
    await run({ title: "x", command: "x", run: did });
    expect(did).not.toHaveBeenCalled();
  });

  it("has a command for every drag", () => {
    const map = {
      fit() {},
      focus() {},
      zoom() {},
      tidy() {},
      startMove() {},
      setLayout() {},
      carry: () => null,
      endCarry() {},
    };
    const ids = (kind: "pod" | "node", id: string) => commandsFor(session, { kind, id }, map).map(c => c.id);
    expect(ids("pod", pod("frontend").id)).toEqual(
      expect.arrayContaining(["move", "evict", "delete", "kill", "logs", "yaml"]),
    );
    const node = session.model.nodes.at(session.model.nodeByName.get("node-1")!)!;
    expect(ids("node", node.id)).toEqual(
      expect.arrayContaining(["cordon", "drain", "power", "kubelet", "remove"]),
    );
    const control = session.model.nodes.at(session.model.nodeByName.get("control-plane-1")!)!;
    expect(ids("node", control.id)).not.toContain("remove");
  });
});

describe("what the server says", () => {
  it("becomes one shape, with fields", () => {
    const error = new StatusError({
      kind: "Status",
      code: 422,
      reason: "Invalid",
      message: "is invalid",
      details: { causes: [{ field: "spec.replicas", message: "must be positive" }] },
    });
    expect(toFailure(error)).toEqual({
      code: 422,
      reason: "Invalid",
      message: "is invalid",
      fields: [{ field: "spec.replicas", message: "must be positive" }],
    });
    expect(toFailure(new TypeError("x")).code).toBe(0);
  });

  it("comes with what to try next", () => {
    for (const code of [0, 403, 404, 409, 429, 503])
      expect(hintFor({ code, reason: "", message: "", fields: [] })).toBeTruthy();
  });

  it("reads Warning headers as fetch joins them", () => {
    expect(parseWarnings('299 - "unknown field \\"spec.x\\"", 299 - "second, with comma"')).toEqual([
      'unknown field "spec.x"',
      "second, with comma",
    ]);
    expect(parseWarnings(null)).toEqual([]);
  });
});

describe("documents", () => {
  it("leave out what the server owns, and put names first", async () => {
    const text = await toYaml(
      editable({
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          labels: { a: "b" },
          name: "x",
          uid: "u",
          resourceVersion: "1",
          managedFields: [],
          annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        },
        status: { phase: "Running" },
        spec: { containers: [{ image: "nginx", env: [], name: "web" }] },
      }),
    );
    expect(text).toBe(
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  labels:\n    a: b\nspec:\n  containers:\n    - name: web\n      image: nginx\n      env: []\n",
    );
  });
});

describe("ages", () => {
  it.each([
    [5, "5s"],
    [119, "119s"],
    [200, "3m20s"],
    [720, "12m"],
    [3700, "1h1m"],
    [3600 * 5, "5h"],
    [3600 * 30, "30h"],
    [86400 * 3 + 7200, "3d2h"],
  ])("%d seconds are %s, as kubectl has it", (seconds, words) => {
    expect(age(0, seconds * 1e6)).toBe(words);
  });
});
