/**
 * The canvas under load: 500 nodes, 12,500 pods, 1,000 status changes a second, packets on, software rendering.
 * Prints one JSON line for each scene. CPU is main-thread time a frame (Chromium's task clock), which says more on a shared
 * machine than frames per second.
 */
import { pages } from "../tools/fake/pages.mjs";
import { startFake } from "../tools/fake/server.mjs";
import { launch } from "./browser.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 6);
const RATE = Number(process.env.BENCH_RATE ?? 1000);

async function measure(page, cdp, scene, act) {
  await page.evaluate(() => {
    const w = window;
    w.__frames = [];
    const run = Symbol();
    w.__run = run;
    const loop = now => {
      if (w.__run !== run) return;
      w.__frames.push(now);
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  });
  const before = await metrics(cdp);
  await act(SECONDS * 1000);
  const after = await metrics(cdp);
  const frames = await page.evaluate(() => {
    window.__run = null;
    return window.__frames;
  });
  const stats = await page.evaluate(() => window.__playground.stats());
  const intervals = frames
    .slice(1)
    .map((t, i) => t - frames[i])
    .sort((a, b) => a - b);
  const at = q => intervals[Math.min(intervals.length - 1, Math.floor(intervals.length * q))] ?? 0;
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  const line = {
    bench: "canvas",
    scene,
    fps: round(intervals.length / seconds),
    frame_ms_p50: round(at(0.5)),
    frame_ms_p95: round(at(0.95)),
    cpu_ms_per_frame: round(((after.TaskDuration - before.TaskDuration) * 1000) / intervals.length),
    // all threads of the page's process, and of the process that puts its pixels on the screen
    page_ms_per_frame: round(((after.page - before.page) * 1000) / intervals.length),
    screen_ms_per_frame: round(((after.screen - before.screen) * 1000) / intervals.length),
    renderer_ms_per_frame: round(stats.cpu),
    renderer_ms_p95: round(stats.cpuP95),
    packets: stats.packets,
    quality: stats.quality,
  };
  console.log(JSON.stringify(line));
  return line;
}

async function metrics(cdp) {
  const { metrics: list } = await cdp.send("Performance.getMetrics");
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  const cpu = type => processInfo.filter(p => p.type === type).reduce((sum, p) => sum + p.cpuTime, 0);
  return {
    ...Object.fromEntries(list.map(m => [m.name, m.value])),
    page: cpu("renderer"),
    screen: cpu("GPU"),
  };
}

const round = n => Math.round(n * 10) / 10;

const fake = await startFake({ scenario: "load", workers: 500, rate: RATE, handler: pages });
const browser = await launch();
const system = await browser.newBrowserCDPSession();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const started = Date.now();
  await page.goto(`http://127.0.0.1:${fake.port}/clusters/demo`);
  await page.waitForFunction(() => window.__playground?.session.model.loaded);
  console.log(JSON.stringify({ bench: "canvas", scene: "open", loaded_ms: Date.now() - started }));
  await page.waitForTimeout(2500);
  const wait = ms => page.waitForTimeout(ms);
  const pan = async ms => {
    await page.evaluate(async duration => {
      const p = window.__playground;
      const from = p.camera();
      const t0 = performance.now();
      await new Promise(done => {
        const loop = now => {
          const t = (now - t0) / 1000;
          p.setCamera({ x: from.x + Math.sin(t) * 900, y: from.y + (1 - Math.cos(t)) * 500, z: from.z });
          if (now - t0 < duration) requestAnimationFrame(loop);
          else done();
        };
        requestAnimationFrame(loop);
      });
    }, ms);
  };
  const zoomTo = async z => {
    await page.evaluate(zoom => {
      const p = window.__playground;
      p.setCamera({ x: 2000, y: 1800, z: zoom });
    }, z);
    await page.waitForTimeout(2500);
  };
  await measure(page, cdp, "overview, still", wait);
  await measure(page, cdp, "overview, panning", pan);
  await zoomTo(0.35);
  await measure(page, cdp, "glyphs, still", wait);
  await measure(page, cdp, "glyphs, panning", pan);
  await zoomTo(1);
  await measure(page, cdp, "names, still", wait);
  await measure(page, cdp, "names, panning", pan);
  await page.evaluate(() => window.__playground.fit());
  await page.waitForTimeout(1500);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await measure(page, cdp, "overview, still, 4x throttled", wait);
} finally {
  await browser.close();
  await fake.close();
}
