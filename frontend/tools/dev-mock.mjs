/** `npm run dev:mock [demo|load|empty]`: the fake backend and vite in front of it. */
import { createServer } from "vite";
import { startFake } from "./fake/server.mjs";

const scenario = process.argv[2] ?? "demo";
const fake = await startFake({ scenario, workers: scenario === "load" ? 500 : scenario === "empty" ? 0 : 3 });
process.env.PLAYGROUND_BACKEND = `http://127.0.0.1:${fake.port}`;
const vite = await createServer({ configFile: new URL("../vite.config.ts", import.meta.url).pathname });
await vite.listen();
vite.printUrls();
