/** The editor's picture of the schema: which kind a document is, and what may stand where. */
import type { Schema, SchemaField, SchemaKind, SchemaObject } from "@/protocol/rest";

export class SchemaIndex {
  private readonly kinds = new Map<string, SchemaKind>();

  constructor(readonly schema: Schema) {
    for (const kind of schema.kinds) {
      const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
      this.kinds.set(`${apiVersion}|${kind.kind}`, kind);
    }
  }

  kind(apiVersion: string, kind: string): SchemaKind | undefined {
    return this.kinds.get(`${apiVersion}|${kind}`);
  }

  root(apiVersion: string, kind: string): SchemaField | undefined {
    const found = this.kind(apiVersion, kind);
    return found ? { t: "object", ref: found.type } : undefined;
  }

  object(field: SchemaField): SchemaObject | undefined {
    return field.ref ? this.schema.types[field.ref] : undefined;
  }

  apiVersions(): string[] {
    return [...new Set(this.schema.kinds.map(k => (k.group ? `${k.group}/${k.version}` : k.version)))].sort();
  }

  kindsOf(apiVersion: string): string[] {
    return this.schema.kinds
      .filter(k => !apiVersion || (k.group ? `${k.group}/${k.version}` : k.version) === apiVersion)
      .map(k => k.kind)
      .sort();
  }

  /** apiVersions that have a kind of this name. */
  homesOf(kind: string): string[] {
    return this.schema.kinds
      .filter(k => k.kind === kind)
      .map(k => (k.group ? `${k.group}/${k.version}` : k.version));
  }

  /** What stands at a path of keys and indices, from a document's root. */
  at(root: SchemaField, path: readonly (string | number)[]): SchemaField | undefined {
    let field: SchemaField | undefined = root;
    for (const step of path) {
      if (!field) return undefined;
      if (typeof step === "number") field = field.t === "array" ? field.i : undefined;
      else if (field.t === "map") field = field.v;
      else if (field.t === "object") field = this.object(field)?.p[step];
      else return undefined;
    }
    return field;
  }
}

/** The closest known word, if close enough to be what was meant. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestCost = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  const lower = word.toLowerCase();
  for (const candidate of known) {
    const cost = candidate.toLowerCase() === lower ? 0.1 : distance(lower, candidate.toLowerCase(), bestCost);
    if (cost < bestCost) {
      bestCost = cost;
      best = candidate;
    }
  }
  return best;
}

function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let prev = Array.from({ length: b.length + 1 }, (_, i) => i);
  let prev2: number[] = [];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(prev[j]! + 1, row[j - 1]! + 1, prev[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, prev2[j - 2]! + 1);
      row.push(cost);
    }
    prev2 = prev;
    prev = row;
  }
  return prev[b.length]!;
}
