/** The built page over the fake backend: `node tools/serve-mock.mjs [demo|load|empty] [port]`. */
import { pages } from "./fake/pages.mjs";
import { startFake } from "./fake/server.mjs";

const [, , scenario = "demo", port = "18241"] = process.argv;
const fake = await startFake({
  scenario,
  port: Number(port),
  workers: scenario === "load" ? 500 : scenario === "empty" ? 0 : 3,
  handler: pages,
});
console.log(`http://127.0.0.1:${fake.port}/clusters/demo`);
