import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { eventually, podsOf, settled, setup, skip } from "./harness.mjs";

describe("connection", { skip }, () => {
  const world = setup();
  let page;
  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    page = await world.open();
    await settled(page);
  });

  const drops = Number(process.env.E2E_DROPS ?? 25);

  it(`is what a fresh page shows after ${drops} lost connections`, { timeout: 120_000 }, async () => {
    for (let i = 0; i < drops; i++) {
      world.fake.cut();
      await page.waitForTimeout(30 + (i % 5) * 40);
      if (i % 5 === 0) {
        const pods = await podsOf(page);
        const pod = pods[i % pods.length];
        world.fake.clusters
          .get("demo")
          .sim.kill(
            [...world.fake.clusters.get("demo").sim.tables.pods.values()].find(p => p.id === pod.id) ?? {},
          );
      }
      await page.evaluate(() => window.__playground.session.link.retryNow());
    }
    await eventually(
      page,
      () => window.__playground.ui.get().link.phase,
      phase => phase === "live",
      "never live again",
      15_000,
    );
    await page.evaluate(() => window.__playground.session.api.setClock({ paused: true }));
    await page.waitForTimeout(500);
    const fresh = await world.open();
    const read = p =>
      p.evaluate(() =>
        JSON.stringify([
          window.__playground.pods().sort((a, b) => (a.id < b.id ? -1 : 1)),
          window.__playground.nodes().sort((a, b) => (a.id < b.id ? -1 : 1)),
        ]),
      );
    assert.equal(await read(page), await read(fresh));
    await page.evaluate(() => window.__playground.session.api.setClock({ paused: false }));
  });

  it("says so while it is away, keeps the map, and comes back in under two seconds", async () => {
    await page.evaluate(() => {
      window.__WebSocket = window.WebSocket;
      window.WebSocket = class {
        constructor() {
          setTimeout(() => this.onclose?.({ code: 1006 }), 20);
        }
        close() {}
        send() {}
      };
    });
    world.fake.cut();
    await page
      .getByText(/Reconnecting/)
      .first()
      .waitFor();
    assert.ok((await podsOf(page)).length > 0);
    await page.getByRole("button", { name: "Node", exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Node", exact: true }).isDisabled(), true);
    await page.evaluate(() => {
      window.WebSocket = window.__WebSocket;
    });
    const started = Date.now();
    await page
      .getByRole("button", { name: /Reconnecting/ })
      .click({ force: true, timeout: 500 })
      .catch(() => undefined);
    await eventually(
      page,
      () => window.__playground.ui.get().link.phase,
      phase => phase === "live",
      "not live",
    );
    assert.ok(Date.now() - started < 2000, `${Date.now() - started} ms`);
  });

  it("shows the others' cursors and selections", async () => {
    const other = await world.open();
    const node = await page.evaluate(() => window.__playground.nodes().find(n => n.name === "node-1").id);
    const at = await page.evaluate(id => window.__playground.screenOf(id), node);
    await page.mouse.move(at.x, at.y);
    await page.mouse.click(at.left + 40, at.top + 14);
    await eventually(
      other,
      () => window.__playground.ui.get().peers.map(p => p.selection),
      list => list.includes(node),
      "no selection came over",
    );
    await other.getByRole("img", { name: /others are here/ }).waitFor();
  });

  it("explains that there is no such cluster", async () => {
    await page.goto(`${world.base}/clusters/nowhere`);
    await page.getByText("There is no such cluster").first().waitFor();
    await page.getByRole("link", { name: "All clusters" }).last().click();
    await page.getByRole("heading", { name: "Clusters" }).waitFor();
  });
});
