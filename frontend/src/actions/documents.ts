/** Opening objects in the YAML drawer, and keeping drafts that were not applied. */
import { toFailure } from "@/net/errors";
import type { KubeObject } from "@/protocol/kube";
import { apiVersionOf, KNOWN, resourcePath } from "@/protocol/kube";
import { type EditorDraft, type Ref, toast, ui } from "@/store/ui";
import { named } from "./look";
import type { ClusterSession } from "./session";

export const NEW_TEXT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: nginx:1.27
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
`;

/** Fields that the server owns: a person neither edits nor applies them. */
export function editable(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  const {
    managedFields: _m,
    resourceVersion: _r,
    uid: _u,
    creationTimestamp: _c,
    generation: _g,
    ...metadata
  } = object.metadata;
  if (metadata.annotations) {
    const kept = Object.entries(metadata.annotations).filter(([name]) => !KEPT_BY_OTHERS.has(name));
    if (kept.length) metadata.annotations = Object.fromEntries(kept);
    else delete metadata.annotations;
  }
  return { ...rest, metadata } as KubeObject;
}

/** Annotations that kubectl and controllers write for themselves. */
const KEPT_BY_OTHERS = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deployment.kubernetes.io/revision",
  "deprecated.daemonset.template.generation",
]);

/** Keys that people look for first, in this order; the others keep theirs. */
const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace", "image", "spec", "data"];

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const first = FIRST.flatMap(key => entries.filter(([k]) => k === key));
  const rest = entries.filter(([key]) => !FIRST.includes(key));
  return Object.fromEntries([...first, ...rest].map(([key, v]) => [key, inOrder(v)]));
}

/** The YAML library comes with the first document that is opened. */
export async function toYaml(object: KubeObject): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(inOrder(object), { lineWidth: 0, indentSeq: true, aliasDuplicateObjects: false });
}

function draftKey(session: ClusterSession, draft: Pick<EditorDraft, "object">): string {
  const o = draft.object;
  return `playground.draft.${session.name}.${o ? `${o.kind}.${o.namespace}.${o.name}` : "new"}`;
}

/** A draft survives reloads and lost connections until it is applied or thrown away. */
export function keepDraft(
  session: ClusterSession,
  draft: Pick<EditorDraft, "object">,
  text: string | null,
): void {
  try {
    if (text === null) localStorage.removeItem(draftKey(session, draft));
    else localStorage.setItem(draftKey(session, draft), text);
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

export function keptDraft(session: ClusterSession, draft: Pick<EditorDraft, "object">): string | null {
  try {
    return localStorage.getItem(draftKey(session, draft));
  } catch {
    return null;
  }
}

export async function fetchLive(
  session: ClusterSession,
  object: NonNullable<EditorDraft["object"]>,
): Promise<KubeObject> {
  const known = KNOWN[object.kind];
  const ref =
    known && apiVersionOf(known) === object.apiVersion
      ? known
      : await session.kube.resourceOf(object.apiVersion, object.kind);
  return session.kube.get(resourcePath(ref, object.namespace, object.name));
}

/** Open an object's YAML, or an empty document with a template. */
export function openYaml(session: ClusterSession, ref: Ref | null): void {
  if (ref === null) {
    const text = keptDraft(session, { object: null }) ?? NEW_TEXT;
    ui.set({ editor: { title: "New object", object: null, text } });
    return;
  }
  const what = named(session, ref);
  const known = what ? KNOWN[what.kind] : undefined;
  if (!what || !known) {
    toast({ tone: "bad", title: "There is no YAML for this" });
    return;
  }
  const object = { apiVersion: apiVersionOf(known), kind: what.kind, namespace: what.ns, name: what.name };
  void fetchLive(session, object)
    .then(async live => {
      const text = keptDraft(session, { object }) ?? (await toYaml(editable(live)));
      ui.set({ editor: { title: `${what.kind} ${what.name}`, object, text } });
    })
    .catch(error => {
      const failure = toFailure(error);
      toast({ tone: "bad", title: `Cannot open ${what.name}`, detail: failure.message || failure.reason });
    });
}
