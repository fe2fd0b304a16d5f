import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { eventually, settled, setup, skip, ui } from "./harness.mjs";

describe("list and palette", { skip }, () => {
  const world = setup();
  let page;
  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    page = await world.open();
    await settled(page);
  });

  it("opens with one key, keeps the selection, and is a tree grid that arrows walk", async () => {
    await page.evaluate(() => {
      const p = window.__playground;
      p.ui.set({ selection: { kind: "node", id: p.nodes().find(n => n.name === "node-1").id } });
    });
    await page.getByTestId("map").focus();
    await page.keyboard.press("t");
    const grid = page.getByRole("treegrid");
    await grid.waitFor();
    assert.equal(
      await page
        .getByRole("row", { name: /node-1/ })
        .first()
        .getAttribute("aria-selected"),
      "true",
    );
    await grid.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    assert.equal(
      await page.getByRole("row", { name: /Pods without a node/ }).getAttribute("aria-expanded"),
      "false",
    );
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    assert.equal((await ui(page, "selection")).kind, "pod");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Inspector" }).waitFor();
  });

  it("runs an object's commands from its row", async () => {
    await page.getByRole("button", { name: "List" }).click();
    const row = page.getByRole("row", { name: /node-3/ }).first();
    await row.getByRole("button", { name: "Commands for node-3" }).click();
    await page.getByRole("menuitem", { name: /^Cordon/ }).click();
    await row.getByText("SchedulingDisabled").waitFor();
    await page.getByRole("treegrid").focus();
    await row.click();
    await page.getByRole("treegrid").focus();
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menuitem", { name: /^Uncordon/ }).click();
    await eventually(
      page,
      () => window.__playground.nodes().find(n => n.name === "node-3").cordoned,
      c => !c,
      "still cordoned",
    );
  });

  it("filters by name and namespace", async () => {
    await page.getByRole("button", { name: "List" }).click();
    await page.getByPlaceholder(/Filter/).fill("coredns");
    await page
      .getByRole("row", { name: /coredns/ })
      .first()
      .waitFor();
    assert.equal(await page.getByRole("row", { name: /frontend/ }).count(), 0);
    await page.getByPlaceholder(/Filter/).fill("nothing-like-this");
    await page.getByText("Nothing matches").waitFor();
  });

  it("finds objects and runs commands from the palette", async () => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type("node-2");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "node-2" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("pause or run");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Run", exact: true }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("pause or run");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  });

  it("stops and starts the scheduler, and pending pods say why", async () => {
    await page.getByRole("button", { name: "Failures" }).click();
    await page.getByRole("button", { name: "Stop: kube-scheduler" }).click();
    await page.getByRole("region", { name: "Active faults" }).getByText("kube-scheduler").waitFor();
    await page.getByRole("region", { name: "Active faults" }).getByRole("button", { name: "Heal" }).click();
    await eventually(
      page,
      () => window.__playground.table("faults").length,
      n => n === 0,
      "not healed",
    );
  });

  it("steps and changes the speed of time", async () => {
    await page.getByRole("button", { name: "Faster" }).click();
    await page.getByRole("button", { name: "Speed 2×" }).waitFor();
    await page.getByRole("button", { name: "Slower" }).click();
    await page.getByRole("button", { name: "Speed 1×" }).waitFor();
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByRole("button", { name: "Run", exact: true }).waitFor();
    await page.getByRole("button", { name: /Step/ }).click();
    await page.getByRole("button", { name: "Run", exact: true }).click();
  });

  it("echoes what was done as kubectl", async () => {
    await page.getByRole("button", { name: "List" }).click();
    await page
      .getByRole("row", { name: /node-1/ })
      .first()
      .getByRole("button", { name: "Commands for node-1" })
      .click();
    await page.getByRole("menuitem", { name: /^Cordon/ }).click();
    await page.getByRole("button", { name: "Activity" }).click();
    await page.getByText("kubectl cordon node-1").waitFor();
  });

  it("shows who asked the API for what: as it comes, filtered, one whole event by key", async () => {
    await page.getByRole("button", { name: "Audit", exact: true }).click();
    await page.evaluate(async () => {
      const { kube } = window.__playground.session;
      for (const node of ["node-1", "node-2"])
        await kube.patch(`/api/v1/nodes/${node}`, { spec: { unschedulable: true } });
      await kube.delete("/api/v1/namespaces/default/pods/nobody").catch(() => undefined);
    });
    const table = page.getByRole("table", { name: "Audit log" });
    await table.getByText("default/nobody").waitFor();
    await table.getByRole("button", { name: "admin delete pods nobody: 404" }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await table.getByText('"requestURI": "/api/v1/nodes/node-2"').waitFor();
    await page.getByRole("combobox", { name: "Code" }).selectOption("4xx");
    await table.getByText("node-2").first().waitFor({ state: "detached" });
    for (const code of await table.getByRole("button").all())
      assert.match(await code.getAttribute("aria-label"), /: 4\d\d$/);
    await page.getByRole("button", { name: "List" }).click();
    await page
      .getByRole("row", { name: /node-1/ })
      .first()
      .getByRole("button", { name: "Commands for node-1" })
      .click();
    await page.getByRole("menuitem", { name: /audit log/ }).click();
    await table.getByRole("button", { name: /nobody/ }).waitFor({ state: "detached" });
    await table
      .getByRole("button", { name: /patch nodes node-1/ })
      .first()
      .waitFor();
  });

  it("shares the cluster, changes a role, and says why it cannot", async () => {
    await page.getByRole("button", { name: "Share", exact: true }).click();
    const dialog = page.getByRole("dialog");
    const share = async name => {
      await dialog.getByRole("textbox", { name: "User name" }).fill(name);
      await page.keyboard.press("Enter");
    };
    await share("nobody");
    await dialog.getByRole("alert").getByText("there is nobody called").waitFor();
    await share("bob");
    await dialog.getByRole("combobox", { name: "Role of bob" }).selectOption("Edit");
    await dialog.getByRole("alert").waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Share no longer with bob" }).click();
    await dialog.getByText("bob").waitFor({ state: "detached" });
  });
});
