import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { settled, setup, skip } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const screens = {
  map: async () => undefined,
  inspector: async page => {
    await page.evaluate(() => {
      const p = window.__playground;
      p.ui.set({
        selection: { kind: "pod", id: p.pods().find(x => x.state === "crash" || x.state === "pending").id },
        inspector: true,
      });
    });
    await page.getByRole("tab", { name: "Why?" }).click();
    await page.waitForTimeout(300);
  },
  workload: async page => {
    await page.evaluate(() => {
      const p = window.__playground;
      p.ui.set({
        selection: { kind: "workload", id: p.table("workloads").find(x => x.kind === "Deployment").id },
        inspector: true,
      });
    });
    await page.waitForTimeout(300);
  },
  list: async page => {
    await page.getByRole("button", { name: "List" }).click();
    await page.getByRole("treegrid").waitFor();
  },
  failures: async page => page.getByRole("button", { name: "Failures" }).click(),
  events: async page => page.getByRole("button", { name: "Events", exact: true }).click(),
  audit: async page => {
    await page.evaluate(() => {
      const { kube } = window.__playground.session;
      return Promise.all([
        kube.patch("/api/v1/nodes/node-1", { spec: { unschedulable: true } }),
        kube.delete("/api/v1/namespaces/default/pods/nobody").catch(() => undefined),
      ]);
    });
    await page.getByRole("button", { name: "Audit" }).click();
    await page.getByRole("table", { name: "Audit log" }).getByRole("button").first().click();
    await page.getByText("audit.k8s.io/v1").waitFor();
  },
  past: async page => {
    await page.waitForTimeout(3000);
    await page.getByRole("slider", { name: "Timeline" }).press("ArrowLeft");
    await page.getByRole("region", { name: "The past" }).waitFor();
  },
  build: async page => page.getByRole("button", { name: "Build" }).click(),
  share: async page => {
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await page.getByRole("list", { name: "Members" }).getByText("admin", { exact: true }).waitFor();
  },
  activity: async page => page.getByRole("button", { name: "Activity" }).click(),
  yaml: async page => {
    await page.getByRole("button", { name: "Apply YAML" }).click();
    await page.locator(".cm-content").waitFor();
    await page.waitForTimeout(500);
  },
  palette: async page => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type("node");
  },
  help: async page => {
    await page.getByTestId("map").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
  },
  clusters: async (page, base) => {
    await page.goto(base);
    await page.getByRole("link", { name: "demo" }).waitFor();
  },
  create: async (page, base) => {
    await page.goto(base);
    await page.getByRole("button", { name: "New cluster" }).click();
    await page.getByRole("dialog").waitFor();
  },
};

describe("accessibility", { skip }, () => {
  const world = setup();
  for (const scheme of ["light", "dark"]) {
    for (const [name, go] of Object.entries(screens)) {
      it(`${name}, ${scheme}: nothing serious`, async () => {
        for (const context of world.contexts.splice(0)) await context.close();
        const page = await world.open({ scheme });
        await settled(page);
        await go(page, world.base);
        await page.waitForTimeout(250);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() =>
          window.axe.run(document, { resultTypes: ["violations"] }),
        );
        const serious = violations
          .filter(v => v.impact === "serious" || v.impact === "critical")
          .map(
            v =>
              `${v.id}: ${v.nodes
                .map(
                  n =>
                    `${n.target.join(" ")} ${n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? ""}`,
                )
                .slice(0, 4)
                .join(" | ")}`,
          );
        assert.deepEqual(serious, []);
      });
    }
  }
});
