/** The newcomer's walk through the real product, from the first page to a restart, with a second person watching. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { executable, launch, openCluster } from "./browser.mjs";
import { drag, eventually, grip, idle, nodesOf, podsOf, screenOf } from "./harness.mjs";
import { missing, Stack } from "./stack.mjs";

const skip = executable ? missing : "Chromium is not installed";
if (skip && process.env.REQUIRE_ALL === "1" && process.env.E2E_REAL !== "0") throw new Error(skip);

const GUESTBOOK = readFileSync(new URL("../../tests/data/manifests/guestbook.yaml", import.meta.url), "utf8");

describe("newcomer's walk", { skip, timeout: 300_000 }, () => {
  let stack;
  let browser;
  let page;
  let other;

  const seen = (read, test, what, ms = 30_000) => eventually(page, read, test, what, ms);
  const frontend = () => window.__playground.pods().filter(p => p.workload === "Deployment/frontend");
  const select = (kind, name) =>
    page.evaluate(
      ([k, n]) => {
        const p = window.__playground;
        const rows = k === "node" ? p.nodes() : p.table("workloads").filter(w => w.kind === "Deployment");
        p.ui.set({ selection: { kind: k, id: rows.find(r => r.name === n).id }, inspector: true });
      },
      [kind, name],
    );
  const inspector = () => page.getByRole("complementary", { name: "Inspector" });
  const speed = async label => {
    await page.getByRole("button", { name: /^Speed/ }).click();
    await page.getByRole("menuitem", { name: label, exact: true }).click();
  };
  const write = async text => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(text);
  };

  before(async () => {
    if (skip) return;
    stack = await Stack.start();
    browser = await launch();
    const open = async () => {
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        reducedMotion: "reduce",
      });
      return openCluster(context, stack.base);
    };
    page = await open();
    other = await open();
  });
  after(async () => {
    await browser?.close();
    await stack?.remove();
  });

  it("shows demo: a control plane and three workers", async () => {
    await seen(
      () =>
        window.__playground
          .nodes()
          .map(n => `${n.name} ${n.ready}`)
          .sort(),
      names => names.length === 4 && names.every(n => n.endsWith(" True")),
      "not four ready nodes",
    );
    await seen(
      () => window.__playground.table("components").map(c => c.state),
      states => states.length >= 4 && states.every(s => s === "running"),
      "the control plane is not there",
    );
  });

  it("applies the guestbook and sees it run", async () => {
    await page.getByRole("button", { name: "Apply YAML" }).click();
    await page.locator(".cm-content").waitFor();
    await write(GUESTBOOK);
    await page.keyboard.press("Control+Enter");
    await page
      .getByText(/applied/)
      .first()
      .waitFor();
    await seen(
      () =>
        window.__playground
          .pods()
          .filter(p => p.ns === "default")
          .map(p => p.state),
      states => states.length === 6 && states.every(s => s === "running"),
      "the guestbook does not run",
    );
    const all = await other.evaluate(() => window.__playground.pods().filter(p => p.ns === "default").length);
    assert.equal(all, 6);
  });

  it("scales", async () => {
    await select("workload", "frontend");
    await inspector().getByLabel("Replicas").fill("10");
    await page.keyboard.press("Enter");
    await seen(frontend, rows => rows.length === 10 && rows.every(p => p.state === "running"), "not ten");
    await page.keyboard.press("Escape");
  });

  it("moves a pod by dragging it: evicted, and its replacement prefers the node", async () => {
    await page.evaluate(() => window.__playground.ui.set({ selection: null, inspector: false }));
    await page.evaluate(() => window.__playground.fit());
    await idle(page);
    const pods = (await podsOf(page)).filter(p => p.workload === "Deployment/frontend");
    const pod = pods[0];
    const target = pod.node === "node-3" ? "node-1" : "node-3";
    const there = pods.filter(p => p.node === target).length;
    await drag(page, await grip(page, pod.id), await screenOf(page, target));
    await page.getByRole("alertdialog").getByRole("button", { name: "Evict" }).click();
    await seen(
      frontend,
      rows =>
        !rows.some(p => p.id === pod.id) &&
        rows.length === 10 &&
        rows.filter(p => p.node === target && p.state === "running").length === there + 1,
      "no replacement where it was dropped",
    );
  });

  it("powers off a node: not ready, its pods come up elsewhere; and on again", async () => {
    const at = await screenOf(page, "node-2");
    await page.mouse.click(at.left + 60, at.top + 14, { button: "right" });
    await page.getByRole("menuitem", { name: "Power off" }).click();
    await speed("50×");
    await seen(
      () => window.__playground.nodes().find(n => n.name === "node-2"),
      n => n.ready !== "True" && n.taints.some(t => t.includes("unreachable")),
      "the node is still ready",
    );
    await seen(
      frontend,
      rows => rows.filter(p => p.node !== "node-2" && p.state === "running").length === 10,
      "its pods did not come up elsewhere",
      60_000,
    );
    await page.getByRole("region", { name: "Active faults" }).getByRole("button", { name: "Heal" }).click();
    await seen(
      () => window.__playground.nodes().find(n => n.name === "node-2").ready,
      r => r === "True",
      "it is not back",
    );
    await speed("1×");
  });

  it("shows a mistake in YAML at its line, then rolls out another image", async () => {
    await select("workload", "frontend");
    await inspector().getByRole("button", { name: "YAML", exact: true }).click();
    await page.locator(".cm-content").waitFor();
    const live = await page.evaluate(async () => {
      const w = await window.__playground.session.kube.get(
        "/apis/apps/v1/namespaces/default/deployments/frontend",
      );
      return w.spec.template.spec.containers[0].image;
    });
    const own = GUESTBOOK.split(/^---$/m).find(
      d => /^kind: Deployment/m.test(d) && /^ {2}name: frontend/m.test(d),
    );
    await write(own.replace("image:", "imag:"));
    await page
      .getByText(/problem/)
      .first()
      .waitFor();
    await page.keyboard.press("Control+Enter");
    await page
      .getByText(/not declared in schema|unknown field/)
      .first()
      .waitFor();
    await write(own.replace(/image: .*/, `image: ${live}-next`).replace(/replicas: .*/, "replicas: 10"));
    await page.keyboard.press("Control+Enter");
    const insist = page.getByRole("button", { name: "Apply anyway" });
    await Promise.race([insist.waitFor(), page.getByText("Deployment frontend applied").waitFor()]);
    if (await insist.isVisible()) await insist.click();
    await seen(
      frontend,
      (rows, image = `${live}-next`) =>
        rows.length === 10 && rows.every(p => p.image === image && p.state === "running"),
      "not rolled out",
      60_000,
    );
    await page.getByRole("button", { name: /Close; the draft/ }).click();
    await page.evaluate(() => window.__playground.ui.set({ selection: null, inspector: false }));
  });

  it("stops the scheduler: pods stay pending and say why; starts it: they go", async () => {
    await page.getByRole("button", { name: "Failures" }).click();
    await page.getByRole("button", { name: "Stop: kube-scheduler" }).click();
    await seen(
      () => window.__playground.table("components").find(c => c.name === "kube-scheduler").state,
      s => s === "stopped",
      "it is not stopped",
    );
    await select("workload", "frontend");
    await inspector().getByLabel("Replicas").fill("12");
    await page.keyboard.press("Enter");
    const waiting = await seen(
      frontend,
      rows => rows.filter(p => p.state === "pending").length === 2,
      "none pending",
    );
    await page.evaluate(
      id => window.__playground.ui.set({ selection: { kind: "pod", id }, tab: "why" }),
      waiting.find(p => p.state === "pending").id,
    );
    await inspector()
      .getByText(/scheduler is stopped/)
      .waitFor();
    await inspector()
      .getByRole("button", { name: /Start the scheduler/ })
      .click();
    await seen(
      frontend,
      rows => rows.length === 12 && rows.every(p => p.state === "running"),
      "they did not go",
    );
    await page.evaluate(() =>
      window.__playground.ui.set({ selection: null, inspector: false, failures: false }),
    );
  });

  it("pauses, steps and runs time", async () => {
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByRole("button", { name: "Run", exact: true }).waitFor();
    const before = await page.evaluate(() => window.__playground.session.clock.now());
    await page.waitForTimeout(400);
    assert.equal(await page.evaluate(() => window.__playground.session.clock.now()), before);
    await page.getByRole("button", { name: /^Step/ }).click();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await seen(
      () => window.__playground.session.clock.state.paused,
      p => !p,
      "time stands still",
    );
  });

  it("adds a node, moves it about, and drains it out of the cluster", async () => {
    const names = new Set((await nodesOf(page)).map(n => n.name));
    await page.getByRole("button", { name: "Node", exact: true }).click();
    const nodes = await seen(
      () => window.__playground.nodes().map(n => [n.name, n.ready]),
      rows => rows.length === 5 && rows.every(r => r[1] === "True"),
      "no fifth node",
    );
    const added = nodes.map(n => n[0]).find(n => !names.has(n));
    await page.evaluate(() => window.__playground.fit());
    await idle(page);
    const at = await screenOf(page, added);
    await drag(
      page,
      { x: at.left + 60, y: at.top + 14 },
      { x: at.left + 90, y: at.top + 40 },
      { drop: false },
    );
    const bin = await page.locator("[data-bin]").boundingBox();
    await page.mouse.move(bin.x + bin.width / 2, bin.y + bin.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("alertdialog").getByRole("button", { name: "Drain and remove" }).click();
    await seen(
      () => window.__playground.nodes().map(n => n.name),
      rows => rows.length === 4,
      "it did not leave",
    );
    await page.waitForTimeout(1500);
    assert.equal((await nodesOf(page)).length, 4);
  });

  const everything = p =>
    p.evaluate(() =>
      JSON.stringify(
        [window.__playground.pods(), window.__playground.nodes()].map(rows =>
          rows.sort((a, b) => (a.id < b.id ? -1 : 1)),
        ),
      ),
    );

  it("shows a second browser and a reloaded page the same", async () => {
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.waitForTimeout(1000);
    assert.equal(await everything(other), await everything(page));
    await page.reload();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    assert.equal(await everything(page), await everything(other));
  });

  it("is as it was after a restart, and the open pages come back by themselves", async () => {
    const was = await everything(page);
    await stack.down();
    await page
      .getByText(/Reconnecting|Connecting/)
      .first()
      .waitFor();
    await stack.up();
    await page.evaluate(() => window.__playground.session.link.retryNow());
    await seen(
      () => window.__playground.ui.get().link.phase,
      phase => phase === "live",
      "not live again",
      40_000,
    );
    assert.equal(await everything(page), was);
    assert.deepEqual(page.errors, []);
  });
});
