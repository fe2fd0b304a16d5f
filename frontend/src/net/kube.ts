/** A small Kubernetes client for one cluster, over the browser's session. All writes of the page go through here. */
import { apiVersionOf, KNOWN, type KubeObject, type ResourceRef, resourcePath } from "@/protocol/kube";
import { json, request } from "./http";

export const FIELD_MANAGER = "playground";

export type PatchType = "merge" | "strategic" | "json" | "apply";

const PATCH_MEDIA: Record<PatchType, string> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};

export interface ApplyOptions {
  dryRun?: boolean;
  force?: boolean;
  fieldValidation?: "Strict" | "Warn" | "Ignore";
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

export class KubeClient {
  readonly base: string;
  private readonly discovered = new Map<string, Promise<ResourceList>>();

  constructor(cluster: string) {
    this.base = `/k8s/${encodeURIComponent(cluster)}`;
  }

  get<T = KubeObject>(path: string, signal?: AbortSignal): Promise<T> {
    return json<T>(this.base + path, { signal });
  }

  post<T = KubeObject>(path: string, body: unknown): Promise<T> {
    return json<T>(this.base + path, { method: "POST", body });
  }

  patch<T = KubeObject>(path: string, body: unknown, type: PatchType = "merge"): Promise<T> {
    const url = `${this.base}${path}?fieldManager=${FIELD_MANAGER}`;
    return json<T>(url, { method: "PATCH", body, type: PATCH_MEDIA[type] });
  }

  delete<T = KubeObject>(path: string, body?: unknown): Promise<T> {
    return json<T>(this.base + path, { method: "DELETE", body });
  }

  async text(path: string, signal?: AbortSignal): Promise<string> {
    return (await request(this.base + path, { accept: "*/*", signal })).text();
  }

  /** Server-side apply of one document, as text, so that the server sees what the person wrote. */
  async apply(
    path: string,
    yaml: string,
    options: ApplyOptions = {},
  ): Promise<{ object: KubeObject; warnings: string[] }> {
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER });
    query.set("fieldValidation", options.fieldValidation ?? "Strict");
    if (options.force) query.set("force", "true");
    if (options.dryRun) query.set("dryRun", "All");
    const response = await request(`${this.base}${path}?${query}`, {
      method: "PATCH",
      text: yaml,
      type: PATCH_MEDIA.apply,
    });
    return {
      object: (await response.json()) as KubeObject,
      warnings: parseWarnings(response.headers.get("Warning")),
    };
  }

  /** The resource that serves a kind: known ones by table, others by discovery. */
  async resourceOf(apiVersion: string, kind: string): Promise<ResourceRef> {
    const known = KNOWN[kind];
    if (known && apiVersionOf(known) === apiVersion) return known;
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let list = this.discovered.get(path);
    if (!list) {
      list = this.get<ResourceList>(path);
      this.discovered.set(path, list);
      list.catch(() => this.discovered.delete(path));
    }
    const found = (await list).resources.find(r => r.kind === kind && !r.name.includes("/"));
    if (!found) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    return { group: group ?? "", version: version ?? "v1", plural: found.name, namespaced: found.namespaced };
  }

  async pathOf(object: KubeObject, defaultNamespace = "default"): Promise<string> {
    const ref = await this.resourceOf(object.apiVersion, object.kind);
    return resourcePath(ref, object.metadata.namespace ?? defaultNamespace, object.metadata.name);
  }
}

/** `Warning: 299 - "text"` headers, joined by commas by fetch. */
export function parseWarnings(header: string | null): string[] {
  if (!header) return [];
  const warnings: string[] = [];
  for (const match of header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)) {
    warnings.push((match[1] ?? "").replace(/\\(.)/g, "$1"));
  }
  return warnings;
}
