import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { eventually, settled, setup, skip, ui } from "./harness.mjs";

describe("timeline", { skip }, () => {
  const world = setup();
  let page;
  const slider = () => page.getByRole("slider", { name: "Timeline" });
  const bar = () => page.getByRole("region", { name: "The past" });
  const frontends = () =>
    page.evaluate(() => window.__playground.pods().filter(p => p.workload === "Deployment/frontend").length);
  const scale = n =>
    page.evaluate(
      replicas =>
        window.__playground.session.kube.patch(
          "/apis/apps/v1/namespaces/default/deployments/frontend/scale",
          {
            spec: { replicas },
          },
        ),
      n,
    );

  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    page = await world.open();
    await settled(page);
  });

  it("shows by key what was, changes nothing there, and returns to what goes on meanwhile", async () => {
    const before = await frontends();
    await page.waitForTimeout(3200);
    await scale(before + 3);
    await eventually(
      page,
      () => window.__playground.pods().filter(p => p.workload === "Deployment/frontend").length,
      n => n === before + 3,
      "not scaled",
    );
    await page.waitForTimeout(3000);
    await slider().focus();
    for (let i = 0; i < 30 && (await frontends()) !== before; i++) {
      await page.keyboard.press("ArrowLeft");
      await page.waitForTimeout(80);
    }
    assert.equal(await frontends(), before);
    await bar().getByText("Viewing").waitFor();
    assert.ok(await page.getByRole("button", { name: "Apply YAML" }).isDisabled());
    assert.match(await slider().getAttribute("aria-valuetext"), /ago$/);
    await scale(before);
    await page.waitForTimeout(400);
    assert.equal(await frontends(), before, "the past moved");
    await bar().getByRole("button", { name: "Return to live" }).click();
    await eventually(
      page,
      () => [window.__playground.ui.get().past, window.__playground.ui.get().link.phase],
      ([past, phase]) => past === null && phase === "live",
      "not live",
    );
    assert.equal(await ui(page, "canWrite"), true);
    assert.equal(await page.evaluate(() => window.__playground.session.clock.state.paused), false);
  });

  it("scrubs by dragging, and Escape comes back", async () => {
    await page.waitForTimeout(3200);
    const at = await slider().boundingBox();
    await page.mouse.move(at.x + at.width - 30, at.y + 10);
    await page.mouse.down();
    await page.mouse.move(at.x + at.width - 12, at.y + 10, { steps: 6 });
    await page.mouse.up();
    await bar().waitFor();
    await slider().press("Escape");
    await bar().waitFor({ state: "detached" });
  });

  it("refuses a fork that cannot be made, with the reason", async () => {
    await page.waitForTimeout(3200);
    await slider().press("ArrowLeft");
    await bar().getByRole("button", { name: "Fork from here" }).click();
    await page.getByRole("textbox", { name: /Name of the new cluster/ }).fill("demo");
    await page.getByRole("button", { name: "Fork", exact: true }).click();
    await page
      .getByText(/could not be made/)
      .first()
      .waitFor();
  });
});
