import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { revert, swap } from "@/actions/inverse";
import { setCordon } from "@/actions/nodes";
import type { ClusterSession } from "@/actions/session";
import { redo, undo, undoWords } from "@/actions/undo";
import { scale } from "@/actions/workloads";
import { applyText } from "@/editor/apply";
import { rememberApply } from "@/editor/revert";
import type { KubeObject } from "@/protocol/kube";
import { history, useHistory } from "@/store/history";
import { ui } from "@/store/ui";
import { openSession } from "./support";

interface Call {
  method: string;
  path: string;
  body: unknown;
}

const past = () => useHistory.getState().past;
const future = () => useHistory.getState().future;
const settled = (n: number, calls: Call[]) => vi.waitFor(() => expect(calls).toHaveLength(n));

describe("undo", () => {
  let session: ClusterSession;
  let calls: Call[];
  let answer: (call: Call) => { status: number; body?: unknown };

  beforeEach(() => {
    history.clear();
    calls = [];
    answer = () => ({ status: 200, body: {} });
    vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => {
      const text = String(init.body ?? "null");
      const call = {
        method: init.method ?? "GET",
        path: url,
        body: /^[[{n]/.test(text) ? JSON.parse(text) : text,
      };
      calls.push(call);
      const { status, body } = answer(call);
      return Promise.resolve(new Response(JSON.stringify(body ?? {}), { status }));
    });
    session = openSession();
  });
  afterEach(() => vi.unstubAllGlobals());

  const web = () => session.model.workloads.list().find(w => w.kind === "Deployment")!;

  it("scales back, but only from what it had scaled to", async () => {
    const w = web();
    scale(session, w, 7);
    await vi.waitFor(() => expect(past()).toHaveLength(1));
    expect(undoWords(past()[0]!)).toContain(`--replicas=${w.desired}`);
    expect(undo()).toBe(true);
    await settled(2, calls);
    expect(calls[1]!.body).toEqual([
      { op: "test", path: "/spec/replicas", value: 7 },
      { op: "replace", path: "/spec/replicas", value: w.desired },
    ]);
    await vi.waitFor(() => expect(future()).toHaveLength(1));
    redo();
    await settled(3, calls);
    expect(calls[2]!.body).toEqual({ spec: { replicas: 7 } });
    await vi.waitFor(() => expect(past()).toHaveLength(1));
  });

  it("leaves alone what somebody else has changed since, and says so", async () => {
    setCordon(session, session.model.nodes.list()[0]!, true);
    await vi.waitFor(() => expect(past()).toHaveLength(1));
    answer = () => ({ status: 422, body: { kind: "Status", code: 422, reason: "Invalid", message: "test" } });
    undo();
    await vi.waitFor(() => expect(ui.get().toasts.at(-1)?.detail).toMatch(/Somebody else/));
    expect([past().length, future().length]).toEqual([0, 0]);
  });

  it("remembers nothing that was refused", async () => {
    answer = () => ({ status: 403, body: { kind: "Status", code: 403, reason: "Forbidden", message: "no" } });
    scale(session, web(), 7);
    await vi.waitFor(() => expect(ui.get().toasts).toHaveLength(1));
    expect(past()).toEqual([]);
    expect(undo()).toBe(false);
  });

  it("keeps a cluster's step until there is a connection, and undoes the map without one", async () => {
    const shown: string[] = [];
    ui.set({ link: { phase: "connecting" } });
    history.push({
      title: "Move node-1 on the map",
      scope: "layout",
      how: "",
      undo: () => shown.push("before") > 0,
      redo: () => shown.push("after") > 0,
    });
    undo();
    await vi.waitFor(() => expect(shown).toEqual(["before"]));
    history.push({ title: "Scale", scope: "cluster", how: "x", undo: () => true, redo: () => true });
    expect(future()).toEqual([]);
    undo();
    expect(past()).toHaveLength(1);
  });

  it("takes an applied text back: deletes what it made, restores what it changed", async () => {
    const before = object({ color: "blue", size: "s" });
    const after = object({ color: "red", size: "s", extra: "1" });
    answer = call => {
      const old = call.path.includes("/old");
      if (call.method === "GET")
        return old
          ? { status: 200, body: before }
          : { status: 404, body: { status: 404, title: "Not Found" } };
      return { status: 200, body: old ? after : { ...after, metadata: { name: "new", uid: "u2" } } };
    };
    const doc = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
    const text = `${doc("old")}---\n${doc("new")}`;
    const { outcomes } = await applyText(session.kube, text, { remember: true });
    rememberApply(session, text, undefined, outcomes);
    expect(past()[0]!.how).toBe("kubectl delete configmap/new; kubectl patch configmap/old");
    calls.length = 0;
    undo();
    await settled(2, calls);
    expect(calls[0]).toMatchObject({ method: "DELETE", body: { preconditions: { uid: "u2" } } });
    expect(calls[1]).toMatchObject({ method: "PATCH", body: revert(before, after) });
  });
});

function object(data: Record<string, string>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "old", resourceVersion: String(Object.keys(data).length), uid: "u1" },
    data,
  };
}

describe("inverse patches", () => {
  it("test what stands there first, and put back what stood there", () => {
    expect(revert(object({ a: "1", "b/c": "2" }), object({ a: "3", d: "4" }))).toEqual([
      { op: "test", path: "/data/a", value: "3" },
      { op: "replace", path: "/data/a", value: "1" },
      { op: "test", path: "/data/d", value: "4" },
      { op: "remove", path: "/data/d" },
      { op: "add", path: "/data/b~1c", value: "2" },
    ]);
    expect(revert(object({}), object({}))).toEqual([]);
  });

  it("replace lists as a whole", () => {
    expect(swap("/spec/taints", [1], undefined)).toEqual([
      { op: "test", path: "/spec/taints", value: [1] },
      { op: "remove", path: "/spec/taints" },
    ]);
  });
});
