import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import {
  drag,
  eventually,
  grip,
  idle,
  nodesOf,
  podsOf,
  screenOf,
  settled,
  setup,
  skip,
  ui,
} from "./harness.mjs";

describe("map", { skip }, () => {
  const world = setup({ workers: 3 });
  let page;
  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    page = await world.open();
    await settled(page);
    await idle(page);
  });

  it("shows every node and pod where it says they are", async () => {
    for (const node of await nodesOf(page)) {
      const at = await screenOf(page, node.id);
      const found = await page.evaluate(p => window.__playground.objectAt(p.x, p.y), {
        x: at.left + 40,
        y: at.top + 14,
      });
      assert.equal(found.name, node.name);
    }
    for (const pod of await podsOf(page)) {
      const at = await grip(page, pod.id);
      const found = await page.evaluate(p => window.__playground.objectAt(p.x, p.y), at);
      assert.equal(found.name, pod.name);
    }
    assert.deepEqual(page.errors, []);
  });

  it("inspects what is clicked and lets go with Escape", async () => {
    const pod = (await podsOf(page)).find(p => p.name.startsWith("frontend"));
    const at = await grip(page, pod.id);
    await page.mouse.click(at.x, at.y);
    await page.getByRole("heading", { name: pod.name }).waitFor();
    await page.getByRole("tab", { name: "Containers" }).click();
    await page.getByText("php-redis").first().waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await ui(page, "selection"), null);
  });

  it("evicts a dragged pod after naming the calls, and its replacement prefers the target", async () => {
    const pod = (await podsOf(page)).find(p => p.name.startsWith("frontend") && p.node);
    const target = pod.node === "node-3" ? "node-1" : "node-3";
    await drag(page, await grip(page, pod.id), await screenOf(page, target));
    const dialog = page.getByRole("alertdialog");
    await dialog.getByText("/eviction").waitFor();
    await dialog.getByText("PATCH").waitFor();
    const others = (await podsOf(page)).filter(p => p.workload === pod.workload && p.node === target).length;
    await dialog.getByRole("button", { name: "Evict" }).click();
    await eventually(
      page,
      () => window.__playground.pods().map(p => [p.id, p.workload, p.node, p.state]),
      rows =>
        !rows.some(r => r[0] === pod.id) &&
        rows.filter(r => r[1] === pod.workload && r[2] === target && r[3] === "running").length ===
          others + 1,
      "no replacement on the target",
    );
  });

  it("puts everything back when a drag is cancelled with Escape", async () => {
    const before = await podsOf(page);
    const pod = before.find(p => p.name.startsWith("redis-master"));
    await drag(
      page,
      await grip(page, pod.id),
      await screenOf(page, pod.node === "node-2" ? "node-1" : "node-2"),
      { drop: false },
    );
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await page.waitForTimeout(200);
    assert.equal(await page.getByRole("alertdialog").count(), 0);
    assert.deepEqual((await podsOf(page)).map(p => p.node).sort(), before.map(p => p.node).sort());
  });

  it("binds a pending pod that is dragged to a node, and warns when the scheduler would not", async () => {
    const pod = (await podsOf(page)).find(p => p.state === "pending");
    await drag(page, await grip(page, pod.id), await screenOf(page, "node-2"));
    const dialog = page.getByRole("alertdialog");
    await dialog.getByText("/binding").waitFor();
    await dialog.getByText(/Insufficient cpu/).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal((await podsOf(page)).find(p => p.id === pod.id).node, "");
  });

  it("moves a card without any call, and keeps it there over a reload", async () => {
    const at = await screenOf(page, "node-1");
    const calls = [];
    page.on("request", r => r.method() !== "GET" && calls.push(r.url()));
    await drag(page, { x: at.left + 60, y: at.top + 14 }, { x: at.left + 60, y: at.top + 330 });
    await idle(page);
    const moved = await screenOf(page, "node-1");
    assert.ok(moved.top > at.top + 200, `${moved.top} after ${at.top}`);
    assert.deepEqual(calls, []);
    await page.reload();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    const world1 = await page.evaluate(
      () => window.__playground.session && localStorage.getItem("playground.layout.demo"),
    );
    assert.match(world1, /node-1/);
    await page.evaluate(() => localStorage.removeItem("playground.layout.demo"));
  });

  it("drains and removes a node that is dropped out of the cluster", async () => {
    await page.getByRole("button", { name: "Node", exact: true }).click();
    const name = await eventually(
      page,
      () => window.__playground.nodes().map(n => n.name),
      names => names.includes("node-4"),
      "no node was added",
    ).then(() => "node-4");
    await page.evaluate(() => window.__playground.fit());
    await idle(page);
    const at = await screenOf(page, name);
    await drag(
      page,
      { x: at.left + 60, y: at.top + 14 },
      { x: at.left + 80, y: at.top + 60 },
      { drop: false },
    );
    const bin = await page.locator("[data-bin]").boundingBox();
    await page.mouse.move(bin.x + bin.width / 2, bin.y + bin.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("alertdialog").getByRole("button", { name: "Drain and remove" }).click();
    await eventually(
      page,
      () => window.__playground.nodes().map(n => n.name),
      names => !names.includes("node-4"),
      "the node is still there",
    );
  });

  it("does all of it by keyboard: walk, enter a node, move a pod with spoken verdicts", async () => {
    await page.getByTestId("map").focus();
    for (let i = 0; i < 12 && (await ui(page, "selection"))?.kind !== "node"; i++)
      await page.keyboard.press(i % 2 ? "ArrowDown" : "ArrowRight");
    assert.equal((await ui(page, "selection")).kind, "node");
    await page.evaluate(() => {
      const p = window.__playground;
      const pod = p.pods().find(x => x.name.startsWith("frontend") && x.node);
      p.ui.set({ selection: { kind: "pod", id: pod.id } });
    });
    const pod = (await podsOf(page)).find(p => p.name.startsWith("frontend") && p.node);
    await page.keyboard.press("m");
    await eventually(
      page,
      () => window.__playground.ui.get().announcement,
      text => /fits|untolerated|Insufficient/.test(text),
      "no verdict was spoken",
    );
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByRole("alertdialog").getByText(pod.name).first().waitFor();
    await page.keyboard.press("Escape");
  });

  it("goes from problem to problem", async () => {
    await page.getByTestId("map").focus();
    await page.keyboard.press("]");
    const first = await ui(page, "selection");
    await page.keyboard.press("]");
    assert.notEqual((await ui(page, "selection")).id, first.id);
    const bad = (await podsOf(page))
      .filter(p => ["crash", "pending", "failed"].includes(p.state))
      .map(p => p.id);
    assert.ok(bad.includes(first.id));
  });

  it("offers the same commands in the context menu", async () => {
    const at = await screenOf(page, "node-2");
    await page.mouse.click(at.left + 60, at.top + 14, { button: "right" });
    await page.getByRole("menuitem", { name: /Cordon/ }).click();
    await eventually(
      page,
      () => window.__playground.nodes().find(n => n.name === "node-2").cordoned,
      Boolean,
      "not cordoned",
    );
    await page.evaluate(() =>
      window.__playground.ui.set({
        selection: { kind: "node", id: window.__playground.nodes().find(n => n.name === "node-2").id },
      }),
    );
    await page.getByTestId("map").focus();
    await page.keyboard.press("c");
    await eventually(
      page,
      () => window.__playground.nodes().find(n => n.name === "node-2").cordoned,
      c => !c,
      "not uncordoned",
    );
  });

  it("parks when nothing moves", async () => {
    await page.evaluate(() => window.__playground.session.api.setClock({ paused: true }));
    await page.waitForTimeout(600);
    await idle(page);
    const before = (await page.evaluate(() => window.__playground.stats())).frames;
    await page.waitForTimeout(1000);
    const after = (await page.evaluate(() => window.__playground.stats())).frames;
    await page.evaluate(() => window.__playground.session.api.setClock({ paused: false }));
    assert.ok(after - before <= 2, `${after - before} frames while nothing moved`);
  });

  it("carries a label onto a node, and does the same with a button", async () => {
    await page.getByRole("button", { name: "Build" }).click();
    const panel = page.getByRole("complementary", { name: "Build" });
    await panel.getByRole("textbox", { name: "Label" }).fill("disk=nvme");
    const chip = await panel.getByRole("button", { name: /^disk=nvme/ }).boundingBox();
    await page.evaluate(() => window.__playground.fit());
    await idle(page);
    const node = await screenOf(page, "node-1");
    await page.mouse.move(chip.x + 20, chip.y + 10);
    await page.mouse.down();
    await page.mouse.move(node.x, node.y, { steps: 8 });
    await page.getByText("Label node-1").waitFor();
    await page.mouse.up();
    const ask = page.getByRole("alertdialog", { name: "Label node-1" });
    await ask.getByText("/api/v1/nodes/node-1").waitFor();
    await page.keyboard.press("Escape");
    await panel.getByRole("textbox", { name: "Label" }).fill("no label = at all");
    assert.ok(await panel.getByRole("button", { name: "Label…" }).isDisabled());
    await panel.getByRole("textbox", { name: "Label" }).fill("disk=nvme");
    await panel.getByRole("button", { name: "Label…" }).press("Enter");
    await page.getByRole("alertdialog").getByRole("button", { name: "Label" }).waitFor();
    await page.keyboard.press("Escape");
    await panel.getByRole("button", { name: "Deployment" }).press("Enter");
    await page.getByRole("heading", { name: "New Deployment" }).waitFor();
  });
});
