import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import {
  imageProposal,
  labelProposal,
  parseLabel,
  proposalFor,
  TEMPLATES,
  taintProposal,
} from "@/actions/build";
import type { ClusterSession } from "@/actions/session";
import { undo } from "@/actions/undo";
import type { Hit, Scene } from "@/scene/scene";
import { history, useHistory } from "@/store/history";
import { carriedWords, landingOf } from "@/tools/carry";
import { openSession } from "./support";

const POINT = { x: 5, y: 5 };

describe("building", () => {
  let session: ClusterSession;
  let calls: { method: string; body: unknown }[];
  let stored: Record<string, unknown>;

  beforeEach(() => {
    history.clear();
    calls = [];
    stored = { metadata: { labels: { disk: "hdd" } }, spec: { taints: [{ key: "a", effect: "NoExecute" }] } };
    vi.stubGlobal("fetch", (_url: string, init: RequestInit = {}) => {
      if (init.method !== "GET")
        calls.push({ method: init.method!, body: JSON.parse(String(init.body ?? "null")) });
      return Promise.resolve(new Response(JSON.stringify(stored)));
    });
    session = openSession();
  });
  afterEach(() => vi.unstubAllGlobals());

  const node = () => session.model.nodes.list().find(n => n.name === "node-1")!;
  const done = (n: number) => vi.waitFor(() => expect(calls).toHaveLength(n));

  it("labels a node, and takes the label back to what it was", async () => {
    labelProposal(session, node(), "disk", "ssd").run();
    await vi.waitFor(() => expect(useHistory.getState().past).toHaveLength(1));
    expect(calls[0]!.body).toEqual({ metadata: { labels: { disk: "ssd" } } });
    undo();
    await done(2);
    expect(calls[1]!.body).toEqual([
      { op: "test", path: "/metadata/labels/disk", value: "ssd" },
      { op: "replace", path: "/metadata/labels/disk", value: "hdd" },
    ]);
  });

  it("adds a taint beside the others, of one key and effect only the last", async () => {
    taintProposal(session, node(), { key: "a", value: "x", effect: "NoExecute" }).run();
    await done(1);
    expect(calls[0]!.body).toEqual([
      { op: "test", path: "/spec/taints", value: [{ key: "a", effect: "NoExecute" }] },
      { op: "replace", path: "/spec/taints", value: [{ key: "a", value: "x", effect: "NoExecute" }] },
    ]);
    stored = { metadata: {}, spec: {} };
    const plan = taintProposal(session, node(), { key: "b", value: "", effect: "NoSchedule" });
    expect(plan.danger).toBe(false);
    plan.run();
    await done(2);
    expect(calls[1]!.body).toEqual([
      { op: "add", path: "/spec/taints", value: [{ key: "b", effect: "NoSchedule" }] },
    ]);
  });

  it("rolls out an image, if it is still the one that was seen", async () => {
    const w = session.model.workloads.list().find(x => x.kind === "Deployment")!;
    const plan = imageProposal(session, w, "nginx:9");
    expect(plan.body).toContain(w.images[0]);
    plan.run();
    await done(1);
    expect(calls[0]!.body).toMatchObject([{ op: "test", value: w.images[0] }, { value: "nginx:9" }]);
  });

  it.each([
    ["disk=ssd", { key: "disk", value: "ssd" }],
    ["example.com/role=db", { key: "example.com/role", value: "db" }],
    ["gpu", { key: "gpu", value: "" }],
    ["a=b=c", null],
    ["-x=y", null],
    ["a b", null],
    ["", null],
    [`k=${"v".repeat(64)}`, null],
  ])("reads %j as a label", (text, label) => {
    expect(parseLabel(text)).toEqual(label);
  });

  it("knows where things can be put down", () => {
    const { model } = session;
    const zone = { name: "zone-a", kind: "zone", rect: { x: 0, y: 0, w: 10, h: 10 } };
    const scene = { model, layout: { zones: [zone] } } as unknown as Scene;
    const at = model.nodeByName.get("node-1")!;
    const onNode = { kind: "node", node: at, part: "body" } as Hit;
    const nowhere = { kind: "nothing" } as unknown as Hit;
    const label = { kind: "label", key: "a", value: "b" } as const;
    expect(landingOf(label, onNode, POINT, scene)).toMatchObject({ ok: true, node: at });
    expect(landingOf(label, nowhere, POINT, scene)).toMatchObject({ ok: false, hint: "Drop it on a node" });
    expect(landingOf({ kind: "machine" }, nowhere, POINT, scene).zone).toBe("zone-a");
    expect(landingOf({ kind: "machine" }, nowhere, { x: 50, y: 0 }, scene)).toMatchObject({
      ok: true,
      zone: "",
    });
    const rs = model.workloads.list().find(w => w.kind === "ReplicaSet")!;
    const onSet = { kind: "workload", id: rs.id } as Hit;
    expect(landingOf({ kind: "image", image: "x" }, onSet, POINT, scene).ok).toBe(false);
    const landing = landingOf(label, onNode, POINT, scene);
    expect(proposalFor(session, label, landing)?.calls).toEqual(["PATCH /api/v1/nodes/node-1"]);
    expect(carriedWords({ kind: "taint", key: "a", value: "", effect: "NoSchedule" })).toBe("a:NoSchedule");
  });

  it.each(Object.keys(TEMPLATES))("has a template of a %s that is one", kind => {
    const doc = parse(TEMPLATES[kind]!);
    expect(doc.kind).toBe(kind);
    const spec = doc.spec.template?.spec ?? doc.spec;
    if (kind !== "Service") expect(spec.containers[0].image).toBeTruthy();
    if (doc.spec.selector?.matchLabels)
      expect(doc.spec.template.metadata.labels).toEqual(doc.spec.selector.matchLabels);
  });
});
