/** Each folder of src imports only those before it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = new URL("../src/", import.meta.url).pathname;
const ORDER = [
  "protocol",
  "net",
  "store",
  "scene",
  "render",
  "tools",
  "actions",
  "editor",
  "ui",
  "panels",
  "app",
];

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory()
      ? files(join(dir, entry.name))
      : /\.tsx?$/.test(entry.name)
        ? [join(dir, entry.name)]
        : [],
  );
}

/** Folder of src that an import specifier points into; undefined for packages and files beside. */
function target(specifier: string, file: string): string | undefined {
  if (specifier.startsWith("@/")) return specifier.slice(2).split("/")[0];
  if (specifier.startsWith(".")) return relative(SRC, join(file, "..", specifier)).split("/")[0];
  return undefined;
}

const all = files(SRC).map(path => ({
  path: relative(SRC, path),
  folder: relative(SRC, path).split("/")[0]!,
  text: readFileSync(path, "utf8"),
  file: path,
}));

describe("layers", () => {
  it("knows every folder", () => {
    expect([...new Set(all.map(f => f.folder))].sort()).toEqual([...ORDER].sort());
  });

  it.each(ORDER)("%s imports only what stands before it", folder => {
    const wrong: string[] = [];
    for (const file of all.filter(f => f.folder === folder)) {
      for (const match of file.text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        const to = target(match[1]!, file.file);
        if (to !== undefined && ORDER.indexOf(to) > ORDER.indexOf(folder))
          wrong.push(`${file.path} → ${match[1]}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("keeps React out of everything below the panels' primitives", () => {
    const free = ["protocol", "net", "scene", "render", "tools"];
    const wrong = all
      .filter(f => free.includes(f.folder) && /from "react"|from "zustand"/.test(f.text))
      .map(f => f.path);
    expect(wrong).toEqual([]);
  });

  it("keeps the DOM out of scene, tools and renderer", () => {
    const wrong = all
      .filter(f => ["scene", "render", "tools"].includes(f.folder))
      .filter(f =>
        /\b(document|window|localStorage|requestAnimationFrame)\b[.(]/.test(
          f.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""),
        ),
      )
      .map(f => f.path);
    expect(wrong).toEqual([]);
  });

  it("has no module that nobody could read at once", () => {
    expect(all.filter(f => f.text.split("\n").length > 600).map(f => f.path)).toEqual([]);
  });
});
