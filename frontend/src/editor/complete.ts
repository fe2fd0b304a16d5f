/** What may be typed here: keys and values by the schema. Reads indentation, since YAML in the making seldom parses. */
import type { SchemaField } from "@/protocol/rest";
import type { SchemaIndex } from "./schema";

export interface Spot {
  /** keys and indices from the document's root to the mapping that the cursor is in */
  path: (string | number)[];
  /** what is typed so far */
  prefix: string;
  from: number;
  /** set when a value is typed: its key */
  valueOf: string | null;
  /** keys that this mapping has already */
  present: Set<string>;
  apiVersion: string;
  kind: string;
}

interface Line {
  dashes: number[];
  keyCol: number;
  key: string;
  open: boolean;
}

const LINE = /^(\s*)((?:-\s+)*)(?:("[^"]*"|'[^']*'|[^\s#:][^:#]*?):(?:\s+(.*))?)?$/;

function parse(line: string): Line | null {
  const m = LINE.exec(line.replace(/\s+#.*$/, ""));
  if (!m || line.trim() === "" || line.trim().startsWith("#")) return null;
  const dashes: number[] = [];
  let col = m[1]!.length;
  for (const dash of m[2]!.matchAll(/-\s+/g)) {
    dashes.push(col);
    col += dash[0].length;
  }
  if (/^\s*-\s*$/.test(line)) dashes.push(line.indexOf("-"));
  return {
    dashes,
    keyCol: col,
    key: (m[3] ?? "").replace(/^["']|["']$/g, ""),
    open: m[3] !== undefined && (m[4] === undefined || m[4].trim() === ""),
  };
}

export function spotAt(text: string, pos: number): Spot | null {
  const start = text.lastIndexOf("\n---", pos - 1);
  const docStart = start < 0 ? 0 : text.indexOf("\n", start + 1) + 1;
  const lineStart = text.lastIndexOf("\n", pos - 1) + 1;
  const typed = text.slice(lineStart, pos);
  if (/#/.test(typed)) return null;
  const value = /^(\s*(?:-\s+)*)([\w.$/-]+):\s+(\S*)$/.exec(typed);
  const key = /^(\s*(?:-\s+)*)([\w.$/-]*)$/.exec(typed);
  if (!value && !key) return null;
  const lead = (value ?? key)![1]!;
  let col = lead.length;
  const steps: (string | number)[] = [];
  let inSequence = false;
  const takeDashes = (dashes: number[]) => {
    for (const dash of [...dashes].reverse()) {
      steps.unshift(0);
      col = dash;
      inSequence = true;
    }
  };
  takeDashes([...lead.matchAll(/-/g)].map(m => m.index));
  const siblingCol = lead.length;
  const present = new Set<string>();
  let sameItem = !/-/.test(lead);
  const above = text.slice(docStart, lineStart).split("\n").slice(0, -1);
  for (let i = above.length - 1; i >= 0; i--) {
    const line = parse(above[i]!);
    if (!line) continue;
    if (sameItem && line.key && line.keyCol === siblingCol && steps.length === 0) present.add(line.key);
    if (line.dashes.length && line.keyCol === col && !inSequence) {
      takeDashes(line.dashes);
      sameItem = false;
      continue;
    }
    const parent =
      line.key !== "" &&
      line.open &&
      (line.keyCol < col || (inSequence && line.keyCol === col && !line.dashes.length));
    if (!parent) continue;
    steps.unshift(line.key);
    col = line.keyCol;
    inSequence = false;
    sameItem = false;
    takeDashes(line.dashes);
    if (col === 0 && !line.dashes.length) break;
  }
  for (const below of text.slice(pos).split("\n").slice(1)) {
    const line = parse(below);
    if (!line) continue;
    if (line.keyCol < siblingCol || line.dashes.length || below.startsWith("---")) break;
    if (line.keyCol === siblingCol) present.add(line.key);
  }
  const head = text.slice(docStart).split("\n---")[0]!;
  return {
    path: steps,
    prefix: (value ? value[3] : key![2]) ?? "",
    from: pos - ((value ? value[3] : key![2]) ?? "").length,
    valueOf: value ? value[2]! : null,
    present,
    apiVersion: /^apiVersion:\s*(\S+)/m.exec(head)?.[1] ?? "",
    kind: /^kind:\s*(\S+)/m.exec(head)?.[1] ?? "",
  };
}

export interface Option {
  label: string;
  apply: string;
  detail: string;
  required: boolean;
  /** the type that has this field, whose words say what it is for */
  type?: string;
}

export function optionsAt(spot: Spot, index: SchemaIndex): Option[] {
  const plain = (label: string): Option => ({ label, apply: label, detail: "", required: false });
  if (spot.valueOf && spot.path.length === 0) {
    if (spot.valueOf === "apiVersion") return index.apiVersions().map(plain);
    if (spot.valueOf === "kind") return index.kindsOf(spot.apiVersion).map(plain);
  }
  const root = index.root(spot.apiVersion, spot.kind);
  if (!root) {
    if (spot.path.length || spot.valueOf) return [];
    return ["apiVersion", "kind", "metadata", "spec"]
      .filter(k => !spot.present.has(k))
      .map(k => ({ ...plain(k), apply: `${k}: ` }));
  }
  if (spot.valueOf) {
    const field = index.at(root, [...spot.path, spot.valueOf]);
    if (field?.e) return field.e.map(plain);
    return field?.t === "boolean" ? ["true", "false"].map(plain) : [];
  }
  const here = index.at(root, spot.path);
  const type = here ? index.object(here) : undefined;
  if (!type) return [];
  const required = new Set(type.r ?? []);
  return Object.entries(type.p)
    .filter(([name]) => !spot.present.has(name) && !(spot.path.length === 0 && name === "status"))
    .map(([name, field]) => ({
      label: name,
      apply: `${name}:${field.t === "object" || field.t === "array" || field.t === "map" ? "" : " "}`,
      detail: typeWords(field),
      required: required.has(name),
      type: here?.ref,
    }));
}

function typeWords(field: SchemaField): string {
  if (field.t === "array") return `list of ${field.i ? typeWords(field.i) : "any"}`;
  if (field.t === "map") return "map";
  if (field.t === "object") return field.ref?.split(".").pop() ?? "object";
  return field.t;
}
