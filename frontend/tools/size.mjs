/** The page's weight, after a build: the entry and what it needs at once, and all scripts together, gzipped. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMITS = { entry: 200_000, all: 500_000 };
const root = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", root), "utf8"));

const weights = new Map();
function weigh(file) {
  if (!weights.has(file)) weights.set(file, gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length);
  return weights.get(file);
}

const entry = new Set();
function collect(key) {
  const chunk = manifest[key];
  if (!chunk || entry.has(chunk.file)) return;
  entry.add(chunk.file);
  for (const css of chunk.css ?? []) entry.add(css);
  for (const other of chunk.imports ?? []) collect(other);
}
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) collect(key);

const all = readdirSync(new URL("assets/", root))
  .filter(file => /\.(js|css)$/.test(file))
  .map(file => `assets/${file}`);
const sum = files => [...files].reduce((total, file) => total + weigh(file), 0);
const figures = { entry: sum(entry), all: sum(all) };
let failed = false;
for (const [name, bytes] of Object.entries(figures)) {
  const over = bytes > LIMITS[name];
  failed ||= over;
  console.log(
    `${name.padEnd(6)} ${(bytes / 1000).toFixed(1)} kB gzipped, limit ${LIMITS[name] / 1000} kB${over ? "  TOO LARGE" : ""}`,
  );
}
if (failed) process.exit(1);
