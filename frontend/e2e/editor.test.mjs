import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { eventually, settled, setup, skip } from "./harness.mjs";

describe("YAML drawer", { skip }, () => {
  const world = setup();
  let page;
  beforeEach(async () => {
    for (const context of world.contexts.splice(0)) await context.close();
    page = await world.open();
    await settled(page);
    await page.evaluate(() => {
      const p = window.__playground;
      const w = p.table("workloads").find(x => x.kind === "Deployment" && x.name === "frontend");
      p.ui.set({ selection: { kind: "workload", id: w.id }, inspector: true });
    });
    await page
      .getByRole("complementary", { name: "Inspector" })
      .getByRole("button", { name: "YAML", exact: true })
      .click();
    await page.locator(".cm-content").waitFor();
    await page.getByText("No problems").waitFor();
  });

  /** Replace the whole text, as pasting does. */
  const write = async text => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(text);
  };
  const deployment = (image, extra = "") => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: frontend
  namespace: default
spec:
  replicas: 3
${extra}  selector:
    matchLabels:
      app: frontend
  template:
    metadata:
      labels:
        app: frontend
    spec:
      containers:
        - name: php-redis
          image: ${image}
`;

  it("marks a mistake at its line before anything is sent, and says what was meant", async () => {
    await write(deployment("nginx", "  replcas: 3\n"));
    await page.getByText("1 problem").waitFor();
    const line = await page
      .locator(".cm-lint-marker-error")
      .first()
      .evaluate(marker => {
        const top = marker.getBoundingClientRect().top;
        const numbers = [...document.querySelectorAll(".cm-lineNumbers .cm-gutterElement")];
        return numbers.find(n => Math.abs(n.getBoundingClientRect().top - top) < 8)?.textContent;
      });
    assert.equal(line, "8");
    await page.locator(".cm-lintRange-error").first().hover();
    await page.getByText("did you mean replicas?").waitFor();
  });

  it("marks what the server refuses at its line", async () => {
    await write(deployment('""'));
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await page.getByText("422 Deployment frontend").waitFor();
    const at = await page.evaluate(() => document.querySelector(".cm-activeLine")?.textContent);
    assert.match(at, /image/);
  });

  it("applies with Ctrl-Enter and rolls the Deployment", async () => {
    await write(deployment("nginx:1.28"));
    await page.keyboard.press("Control+Enter");
    await page.getByText("Deployment frontend applied").waitFor();
    await eventually(
      page,
      () =>
        window.__playground
          .pods()
          .filter(p => p.workload === "Deployment/frontend")
          .map(p => p.image),
      images => images.length === 3 && images.every(i => i === "nginx:1.28"),
      "not rolled out",
      20_000,
    );
  });

  it("tries without changing anything and says what it would cause", async () => {
    await write(deployment("nginx:1.29"));
    await page.keyboard.press("Control+Shift+Enter");
    await page.getByText(/Would work\. .*Replaces 3 pods/).waitFor();
    const images = await page.evaluate(
      () => window.__playground.table("workloads").find(w => w.name === "frontend").images,
    );
    assert.notDeepEqual(images, ["nginx:1.29"]);
  });

  it("keeps the draft over a reload, and shows how it differs", async () => {
    await write(deployment("nginx:draft"));
    await page.waitForTimeout(200);
    await page.reload();
    await page.waitForFunction(() => window.__playground?.session.model.loaded);
    await page.evaluate(() => {
      const p = window.__playground;
      const w = p.table("workloads").find(x => x.kind === "Deployment" && x.name === "frontend");
      p.ui.set({ selection: { kind: "workload", id: w.id }, inspector: true });
    });
    await page
      .getByRole("complementary", { name: "Inspector" })
      .getByRole("button", { name: "YAML", exact: true })
      .click();
    await page.getByText("nginx:draft").waitFor();
    await page.getByRole("tab", { name: "diff" }).click();
    await page
      .getByRole("region", { name: /Difference/ })
      .getByText("nginx:draft")
      .waitFor();
  });

  it("completes fields by the schema", async () => {
    await write("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n  ");
    await page.keyboard.type("repl");
    await page.getByRole("option", { name: /^replicas/ }).waitFor();
    await page.getByText("What replicas is for.").waitFor();
    await page.waitForTimeout(120);
    await page.keyboard.press("Enter");
    assert.match(await page.locator(".cm-content").textContent(), /replicas:/);
  });
});
