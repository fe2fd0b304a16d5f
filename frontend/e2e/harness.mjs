/** What every browser test needs: the toy backend, a browser, and ways to find and drag things on a canvas. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { pages } from "../tools/fake/pages.mjs";
import { startFake } from "../tools/fake/server.mjs";
import { executable, launch, openCluster } from "./browser.mjs";

const reason = executable ? false : "Chromium is not installed";
if (reason && process.env.REQUIRE_ALL === "1") throw new Error(reason);
export const skip = reason;

/** Starts before the file's tests, stops after them. */
export function setup(options = {}) {
  const world = {
    fake: null,
    browser: null,
    base: "",
    contexts: [],
    async open({ scheme = "light", width = 1440, height = 900, motion = "reduce", name = "demo" } = {}) {
      const context = await world.browser.newContext({
        viewport: { width, height },
        colorScheme: scheme,
        reducedMotion: motion,
      });
      world.contexts.push(context);
      return openCluster(context, world.base, name);
    },
  };
  before(async () => {
    if (skip) return;
    world.fake = await startFake({ handler: pages, ...options });
    world.base = `http://127.0.0.1:${world.fake.port}`;
    world.browser = await launch();
  });
  after(async () => {
    await world.browser?.close();
    await world.fake?.close();
  });
  return world;
}

export const screenOf = (page, what) => page.evaluate(id => window.__playground.screenOf(id), what);
export const podsOf = page => page.evaluate(() => window.__playground.pods());
export const nodesOf = page => page.evaluate(() => window.__playground.nodes());
export const idle = page => page.evaluate(() => window.__playground.idle());
export const ui = (page, key) => page.evaluate(k => window.__playground.ui.get()[k], key);

/** Waits until what `read` finds in the page's model satisfies `test`. */
export async function eventually(page, read, test, what, ms = 10_000) {
  const until = Date.now() + ms;
  let seen;
  while (Date.now() < until) {
    seen = await page.evaluate(read);
    if (test(seen)) return seen;
    await page.waitForTimeout(50);
  }
  assert.fail(`${what}; last seen: ${JSON.stringify(seen)?.slice(0, 800)}`);
}

export const settled = page =>
  eventually(
    page,
    () => window.__playground.pods().map(p => p.state),
    states => states.filter(s => s === "running").length >= 9,
    "the demo did not come up",
  );

/** A pod's tile rather than its middle: chips are wide. */
export async function grip(page, what) {
  const at = await screenOf(page, what);
  assert.ok(at, `${what} is not on the map`);
  return { x: at.left + Math.min(at.w, at.h) / 2, y: at.y };
}

export async function drag(page, from, to, { steps = 8, drop = true } = {}) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 12, from.y + 8, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps });
  if (drop) await page.mouse.up();
}
