/**
 * What is wrong with a YAML text, with exact ranges: syntax, unknown fields, wrong types, missing fields. Any number of
 * documents. Runs in a worker; knows nothing of the editor.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { SchemaField } from "@/protocol/rest";
import { didYouMean, type SchemaIndex } from "./schema";

export interface Finding {
  from: number;
  to: number;
  severity: "error" | "warning" | "info";
  message: string;
}

const MAX_FINDINGS = 200;
const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function lintYaml(text: string, index: SchemaIndex | null): Finding[] {
  const findings: Finding[] = [];
  const documents = parseAllDocuments(text, {
    keepSourceTokens: false,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const list = (Array.isArray(documents) ? documents : []) as Document.Parsed[];
  for (const document of list) {
    for (const error of document.errors) {
      findings.push({
        from: error.pos[0],
        to: Math.max(error.pos[0] + 1, error.pos[1]),
        severity: "error",
        message: clean(error.message),
      });
    }
    for (const warning of document.warnings) {
      findings.push({
        from: warning.pos[0],
        to: warning.pos[1],
        severity: "warning",
        message: clean(warning.message),
      });
    }
    if (!document.errors.length && index) new Walk(index, findings, document).root();
    if (findings.length >= MAX_FINDINGS) break;
  }
  return findings.slice(0, MAX_FINDINGS);
}

function clean(message: string): string {
  return message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "");
}

class Walk {
  constructor(
    private readonly index: SchemaIndex,
    private readonly out: Finding[],
    private readonly document: Document.Parsed,
  ) {}

  root(): void {
    const node = this.document.contents as Node | null;
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      this.add(node, "error", "A Kubernetes object is a mapping with apiVersion, kind and metadata");
      return;
    }
    const apiVersion = text(node, "apiVersion");
    const kind = text(node, "kind");
    if (!apiVersion || !kind) {
      this.addStart(node, `${!apiVersion ? "apiVersion" : "kind"} is missing`);
      return;
    }
    if (kind === "List" && apiVersion === "v1") {
      const items = node.get("items", true) as unknown;
      if (isSeq(items)) for (const item of items.items) if (isMap(item)) this.object(item as YAMLMap);
      return;
    }
    this.object(node);
  }

  private object(node: YAMLMap): void {
    const apiVersion = text(node, "apiVersion");
    const kind = text(node, "kind");
    const root = this.index.root(apiVersion, kind);
    if (!root) {
      const homes = this.index.homesOf(kind);
      if (homes.length) {
        const meant = homes.length === 1 ? `; use ${homes[0]}` : `; use one of ${homes.join(", ")}`;
        this.add(value(node, "apiVersion") ?? node, "error", `There is no ${kind} in ${apiVersion}${meant}`);
      } else {
        const meant = didYouMean(kind, this.index.kindsOf(""));
        this.add(
          value(node, "kind") ?? node,
          "error",
          `This cluster has no kind ${kind}${meant ? `; did you mean ${meant}?` : ""}`,
        );
      }
      return;
    }
    this.check(node, root);
    const metadata = value(node, "metadata");
    if (!isMap(metadata)) this.addStart(node, "metadata is missing");
    else if (!metadata.has("name") && !metadata.has("generateName")) {
      this.add(key(node, "metadata") ?? node, "error", "metadata.name is missing");
    }
  }

  private check(node: unknown, field: SchemaField): void {
    if (this.out.length >= MAX_FINDINGS || !isNode(node) || isAlias(node)) return;
    if (isScalar(node) && node.value === null) return;
    switch (field.t) {
      case "any":
        return;
      case "object":
        this.mapping(node, field);
        return;
      case "map":
        if (!isMap(node)) this.add(node, "error", `Expected a mapping, found ${what(node)}`);
        else for (const pair of node.items) if (field.v) this.check(pair.value, field.v);
        return;
      case "array":
        if (!isSeq(node)) this.add(node, "error", `Expected a list, found ${what(node)}`);
        else for (const item of node.items) if (field.i) this.check(item, field.i);
        return;
      default:
        this.scalar(node, field);
    }
  }

  private mapping(node: Node, field: SchemaField): void {
    if (!isMap(node)) {
      this.add(node, "error", `Expected a mapping, found ${what(node)}`);
      return;
    }
    const type = this.index.object(field);
    if (!type) return;
    for (const pair of node.items) {
      const name = keyText(pair);
      if (name === "<<") continue;
      const child = type.p[name];
      if (!child) {
        const meant = didYouMean(name, Object.keys(type.p));
        this.add(
          isNode(pair.key) ? pair.key : node,
          "error",
          `Unknown field ${name}${meant ? `; did you mean ${meant}?` : ""}`,
        );
        continue;
      }
      if (child.x && !(isScalar(pair.value) && pair.value.value === child.d)) {
        this.add(
          isNode(pair.key) ? pair.key : node,
          "info",
          `${name} is valid Kubernetes, but has no effect here: ${child.x}`,
        );
      }
      this.check(pair.value, child);
    }
    for (const required of type.r ?? []) {
      if (!node.has(required)) this.addStart(node, `${required} is required`);
    }
  }

  private scalar(node: Node, field: SchemaField): void {
    if (!isScalar(node)) {
      this.add(node, "error", `Expected ${words(field)}, found ${what(node)}`);
      return;
    }
    const v = node.value;
    const bad = (message: string) => this.add(node, "error", message);
    switch (field.t) {
      case "string":
        if (typeof v !== "string") bad(`Expected a string, found ${what(node)}; put it in quotes`);
        else if (field.e && !field.e.includes(v)) {
          const meant = didYouMean(v, field.e);
          bad(`Must be one of ${field.e.join(", ")}${meant ? `; did you mean ${meant}?` : ""}`);
        }
        return;
      case "integer":
        if (typeof v !== "number" || !Number.isInteger(v))
          bad(`Expected a whole number, found ${what(node)}`);
        return;
      case "number":
        if (typeof v !== "number") bad(`Expected a number, found ${what(node)}`);
        return;
      case "boolean":
        if (typeof v !== "boolean") bad(`Expected true or false, found ${what(node)}`);
        return;
      case "intstr":
        if (typeof v !== "string" && !(typeof v === "number" && Number.isInteger(v))) {
          bad(`Expected a whole number or a string, found ${what(node)}`);
        }
        return;
      case "quantity":
        if (!(typeof v === "number" || (typeof v === "string" && QUANTITY.test(v)))) {
          bad(`${JSON.stringify(v)} is no quantity; write it like 100m, 0.5 or 64Mi`);
        }
        return;
      case "time":
        if (!(typeof v === "string" && TIME.test(v))) bad("Expected a time such as 2026-01-05T09:00:00Z");
        return;
    }
  }

  private add(node: Node, severity: Finding["severity"], message: string): void {
    const [from, to] = range(node);
    this.out.push({ from, to, severity, message });
  }

  /** On the first key of a mapping: marking all of it would paint the document red. */
  private addStart(node: YAMLMap, message: string): void {
    const first = node.items[0]?.key;
    const [from, to] = isNode(first) ? range(first) : range(node);
    this.out.push({ from, to, severity: "error", message });
  }
}

function range(node: Node): [number, number] {
  const r = node.range;
  return r ? [r[0], Math.max(r[0] + 1, r[1])] : [0, 1];
}

function what(node: Node): string {
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  const v = (node as Scalar).value;
  if (typeof v === "string") return v.length > 30 ? "a string" : `the string ${JSON.stringify(v)}`;
  if (typeof v === "boolean") return `the boolean ${v}`;
  if (typeof v === "number") return `the number ${v}`;
  return "nothing";
}

function words(field: SchemaField): string {
  const names: Partial<Record<SchemaField["t"], string>> = {
    string: "a string",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
    intstr: "a number or a string",
    quantity: "a quantity",
    time: "a time",
  };
  return names[field.t] ?? field.t;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function value(map: YAMLMap, name: string): Node | undefined {
  const found = map.get(name, true);
  return isNode(found) ? found : undefined;
}

function key(map: YAMLMap, name: string): Node | undefined {
  const pair = map.items.find(p => isPair(p) && keyText(p) === name);
  return pair && isNode(pair.key) ? pair.key : undefined;
}

function text(map: YAMLMap, name: string): string {
  const found = map.get(name);
  return typeof found === "string" ? found : "";
}

/** An item of a list by the values of its keys, as server-side apply names it: `[name="web",protocol="TCP"]`. */
type ByKey = Record<string, string>;

export type Step = string | number | ByKey;

/** `spec.containers[0].image`, `labels[app.kubernetes.io/name]`, `data["a.b"]`, `containers[name="web"]` as steps. */
export function fieldSteps(path: string): Step[] {
  const steps: Step[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\["([^"]+)"\]|\[(\w+=[^\]]+)\]|\[([^\]]+)\]|([^.[\]]+)/g)) {
    if (match[1] !== undefined) steps.push(Number(match[1]));
    else if (match[3] !== undefined) {
      steps.push(Object.fromEntries([...match[3].matchAll(/(\w+)="?([^",]*)"?/g)].map(m => [m[1]!, m[2]!])));
    } else steps.push(match[2] ?? match[4] ?? match[5] ?? "");
  }
  return steps;
}

function itemOf(seq: YAMLSeq, step: Step): Node | undefined {
  if (typeof step === "number") return seq.items[step] as Node | undefined;
  if (typeof step !== "object") return undefined;
  return seq.items.find(
    item => isMap(item) && Object.entries(step).every(([k, v]) => String(item.get(k) ?? "") === v),
  ) as Node | undefined;
}

/** Where a field that the server complains about stands in the text; the nearest parent that is there. */
export function locate(
  text: string,
  documentIndex: number,
  path: string,
): { from: number; to: number } | null {
  const documents = parseAllDocuments(text);
  const document = (Array.isArray(documents) ? documents : [])[documentIndex] as Document.Parsed | undefined;
  let node = document?.contents as Node | null | undefined;
  if (!node) return null;
  let found: Node = isMap(node) && isNode(node.items[0]?.key) ? node.items[0].key : node;
  for (const step of fieldSteps(path)) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((p: Pair) => keyText(p) === String(step));
      if (!pair) break;
      found = isScalar(pair.value) && pair.value.value !== null ? pair.value : (pair.key as Node);
      node = isNode(pair.value) ? pair.value : null;
    } else if (isSeq(node)) {
      const item = itemOf(node, step);
      if (!item) break;
      found = isMap(item) && isNode(item.items[0]?.key) ? item.items[0].key : item;
      node = item;
    } else break;
    if (!node) break;
  }
  const [from, to] = range(found);
  return { from, to };
}

export interface DocumentRef {
  from: number;
  to: number;
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string;
  text: string;
}

/** The objects in a text, for applying them one by one. Empty documents are left out. */
export function splitDocuments(source: string): { documents: DocumentRef[]; error: string } {
  const parsed = parseAllDocuments(source);
  const documents: DocumentRef[] = [];
  for (const document of (Array.isArray(parsed) ? parsed : []) as Document.Parsed[]) {
    if (document.errors.length) return { documents, error: clean(document.errors[0]!.message) };
    const object = document.toJS() as {
      apiVersion?: string;
      kind?: string;
      metadata?: { name?: string; namespace?: string };
    } | null;
    if (object === null || object === undefined) continue;
    if (typeof object !== "object" || !object.apiVersion || !object.kind || !object.metadata?.name) {
      return { documents, error: "Each object needs apiVersion, kind and metadata.name" };
    }
    const [from, to] = [document.range[0], document.range[1]];
    documents.push({
      from,
      to,
      apiVersion: object.apiVersion,
      kind: object.kind,
      name: object.metadata.name,
      namespace: object.metadata.namespace ?? "",
      text: source.slice(from, to),
    });
  }
  return { documents, error: "" };
}
