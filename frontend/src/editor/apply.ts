/** Applying a text to the cluster: document by document, and turning what the server says into places in the text. */
import { StatusError, toFailure } from "@/net/errors";
import type { KubeClient } from "@/net/kube";
import { type KubeObject, resourcePath } from "@/protocol/kube";
import { type DocumentRef, type Finding, locate, splitDocuments } from "./lint";

export interface Conflict {
  field: string;
  message: string;
}

export interface Outcome {
  document: DocumentRef;
  path: string;
  /** what stood there, if that was to be remembered; null: nothing did */
  before?: KubeObject | null;
  object: KubeObject | null;
  warnings: string[];
  error: string;
  code: number;
  conflicts: Conflict[];
}

export interface ApplyResult {
  outcomes: Outcome[];
  findings: Finding[];
  /** the text could not be taken apart */
  error: string;
}

export interface ApplyTextOptions {
  dryRun?: boolean;
  force?: boolean;
  namespace?: string;
  /** look at what stands there first, so that it can be put back */
  remember?: boolean;
}

export async function applyText(
  kube: KubeClient,
  text: string,
  options: ApplyTextOptions,
): Promise<ApplyResult> {
  const { documents, error } = splitDocuments(text);
  const result: ApplyResult = { outcomes: [], findings: [], error };
  if (error) return result;
  for (const [i, document] of documents.entries()) {
    const outcome = await applyOne(kube, document, options);
    result.outcomes.push(outcome);
    result.findings.push(...findingsOf(outcome, text, i));
  }
  return result;
}

async function applyOne(
  kube: KubeClient,
  document: DocumentRef,
  options: ApplyTextOptions,
): Promise<Outcome> {
  const empty: Outcome = {
    document,
    path: "",
    object: null,
    warnings: [],
    error: "",
    code: 0,
    conflicts: [],
  };
  try {
    const ref = await kube.resourceOf(document.apiVersion, document.kind);
    const path = resourcePath(ref, document.namespace || options.namespace || "default", document.name);
    const before = options.remember ? await standing(kube, path) : undefined;
    const { object, warnings } = await kube.apply(path, document.text, {
      dryRun: options.dryRun,
      force: options.force,
    });
    return { ...empty, path, before, object, warnings };
  } catch (error) {
    const failure = toFailure(error);
    const causes = error instanceof StatusError ? (error.status.details?.causes ?? []) : [];
    const conflicts = causes
      .filter(c => c.reason === "FieldManagerConflict")
      .map(c => ({ field: (c.field ?? "").replace(/^\./, ""), message: c.message ?? "" }));
    return {
      ...empty,
      error: failure.message || failure.reason,
      code: failure.code,
      conflicts,
      ...errorFields(failure.fields),
    };
  }
}

async function standing(kube: KubeClient, path: string): Promise<KubeObject | null> {
  try {
    return await kube.get(path);
  } catch (error) {
    if (toFailure(error).code === 404) return null;
    throw error;
  }
}

interface WithFields {
  fields?: { field: string; message: string }[];
}

function errorFields(fields: { field: string; message: string }[]): WithFields {
  return { fields };
}

const PATH_IN_WORDS = /(?:^|[\s.])((?:spec|metadata|data|status)(?:\.[\w$-]+|\[[^\]]+\])+)/;
const STRICT = /(unknown|duplicate) field "([^"]+)"/g;

/** Where the server's words belong: by the causes' fields, else by field names in the message, else the first line. */
export function findingsOf(outcome: Outcome & WithFields, text: string, index: number): Finding[] {
  const findings: Finding[] = [];
  const put = (field: string, message: string, severity: Finding["severity"] = "error") => {
    const at = locate(text, index, field);
    if (at) findings.push({ ...at, severity, message });
  };
  if (outcome.error && !outcome.conflicts.length) {
    for (const { field, message } of outcome.fields ?? []) put(field, `${field}: ${message}`);
    if (!findings.length) {
      for (const match of outcome.error.matchAll(STRICT)) put(match[2]!, `${match[1]} field ${match[2]}`);
    }
    if (!findings.length) {
      const path = PATH_IN_WORDS.exec(outcome.error)?.[1];
      const undeclared = /\.([\w-]+): field not declared in schema/.exec(outcome.error)?.[1];
      put(path ?? "", undeclared ? `Unknown field ${undeclared}` : outcome.error);
    }
  }
  for (const warning of outcome.warnings) {
    const path = /((?:spec|metadata|data)(?:\.[\w$-]+|\[[^\]]+\])+)/.exec(warning)?.[1];
    put(path ?? "", warning, "warning");
  }
  for (const conflict of outcome.conflicts) put(conflict.field, conflict.message, "warning");
  return findings;
}

/** In words, what a change of a live object will cause. */
export function blastRadius(live: KubeObject | null, next: KubeObject): string[] {
  if (!live) return [`Creates ${next.kind} ${next.metadata.name}`];
  const out: string[] = [];
  const before = (live.spec ?? {}) as Record<string, unknown>;
  const after = (next.spec ?? {}) as Record<string, unknown>;
  const replicas = Number(after.replicas ?? 0);
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(next.kind)) {
    const rolls = JSON.stringify(before.template) !== JSON.stringify(after.template);
    const strategy =
      ((after.strategy ?? after.updateStrategy) as { type?: string } | undefined)?.type ?? "RollingUpdate";
    if (rolls && next.kind !== "DaemonSet") {
      out.push(
        strategy === "OnDelete"
          ? "Pods change only when they are deleted"
          : `Replaces ${replicas} pod${replicas === 1 ? "" : "s"} (${strategy})`,
      );
    } else if (rolls) {
      out.push("Replaces its pod on each node");
    }
  }
  if (
    typeof before.replicas === "number" &&
    typeof after.replicas === "number" &&
    before.replicas !== after.replicas
  ) {
    const by = after.replicas - before.replicas;
    out.push(by > 0 ? `Adds ${by} pod${by === 1 ? "" : "s"}` : `Removes ${-by} pod${by === -1 ? "" : "s"}`);
  }
  if (next.kind === "Service" && JSON.stringify(before.selector) !== JSON.stringify(after.selector)) {
    out.push("Sends traffic to other pods");
  }
  if (!out.length) {
    out.push(
      live.metadata.resourceVersion === next.metadata.resourceVersion || same(live, next)
        ? "Changes nothing"
        : "No pod is restarted",
    );
  }
  return out;
}

function same(a: KubeObject, b: KubeObject): boolean {
  const bare = (o: KubeObject) => {
    const { managedFields: _m, resourceVersion: _r, generation: _g, ...metadata } = o.metadata;
    return JSON.stringify({ ...o, metadata });
  };
  return bare(a) === bare(b);
}
