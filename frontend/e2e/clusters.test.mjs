import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { eventually, setup, skip } from "./harness.mjs";

describe("clusters", { skip }, () => {
  const world = setup();
  let page;
  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    const context = await world.browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
    });
    world.contexts.push(context);
    page = await context.newPage();
    await page.goto(world.base);
  });

  it("lists clusters and opens one", async () => {
    await page.getByRole("link", { name: "demo" }).click();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    assert.match(page.url(), /\/clusters\/demo$/);
  });

  it("creates a cluster from a template, shows field errors, and deletes it", async () => {
    await page.getByRole("button", { name: "New cluster" }).click();
    await page.getByRole("textbox", { name: /Name/ }).fill("demo");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("is taken").waitFor();
    await page.getByText("High availability").click();
    await page.getByRole("textbox", { name: /Name/ }).fill("second");
    await page.getByRole("button", { name: "Create" }).click();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    await eventually(
      page,
      () => window.__playground.nodes().length,
      n => n === 9,
      "not nine nodes",
    );
    await page.goto(world.base);
    await page.getByRole("button", { name: "Commands for second" }).click();
    await page.getByRole("menuitem", { name: /Delete/ }).click();
    await page.getByRole("button", { name: "Delete second" }).click();
    await eventually(
      page,
      () => document.body.textContent,
      text => !text.includes("second"),
      "still listed",
    );
  });

  it("offers three nodes at once when there is no cluster", async () => {
    world.fake.clusters.delete("demo");
    await page.reload();
    await page.getByRole("button", { name: "Start with 3 nodes" }).click();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    assert.equal(await page.evaluate(() => window.__playground.nodes().length), 4);
  });
});
