/** A headless Chromium without GPU, as the slowest laptop in a workshop would have it. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PATHS = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

export const executable = PATHS.find(path => path && existsSync(path));

export async function launch() {
  if (!executable) throw new Error("Chromium is not installed: apt-get install chromium, or set CHROMIUM");
  return chromium.launch({
    executablePath: executable,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--force-color-profile=srgb",
      "--disable-dev-shm-usage",
    ],
  });
}

/** Opens a cluster's page and waits until the map is drawn. Errors of the page fail the test that reads `page.errors`. */
export async function openCluster(context, base, name = "demo") {
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", error => page.errors.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" && !/WebSocket|Failed to load resource/.test(message.text()))
      page.errors.push(message.text());
  });
  await page.goto(`${base}/clusters/${name}`);
  await page.waitForFunction(
    () => window.__playground?.session.model.loaded && document.querySelector("canvas"),
  );
  await page.waitForTimeout(100);
  return page;
}
