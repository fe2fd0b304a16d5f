/** Taking changes back without treading on anybody else's: each patch first tests that what we wrote still stands. */
import { toFailure } from "@/net/errors";
import type { KubeObject } from "@/protocol/kube";

export type JsonPatch = { op: "test" | "replace" | "add" | "remove"; path: string; value?: unknown }[];

/** From one value of a field to another, if it still has the first; `undefined` is absent. */
export function swap(path: string, now: unknown, before: unknown): JsonPatch {
  const patch: JsonPatch = [{ op: "test", path, value: now === undefined ? null : now }];
  if (before === undefined) patch.push({ op: "remove", path });
  else patch.push({ op: now === undefined ? "add" : "replace", path, value: before });
  return now === undefined ? patch.slice(1) : patch;
}

/** A JSON pointer. */
export function pointer(...steps: (string | number)[]): string {
  return steps.map(step => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What the server writes by itself. */
const NOT_OURS = new Set([
  "status",
  "metadata.managedFields",
  "metadata.resourceVersion",
  "metadata.generation",
  "metadata.uid",
  "metadata.creationTimestamp",
]);

/** A failed test says that ours is no longer what stands there. */
export async function takeBack<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (toFailure(error).code === 422)
      throw new Error("Somebody else has changed it since; it is left as it is.");
    throw error;
  }
}

/** The patch that turns `after` back into `before`, field by field; lists as a whole. */
export function revert(before: KubeObject, after: KubeObject): JsonPatch {
  const patch: JsonPatch = [];
  back(before, after, [], patch);
  return patch;
}

function back(before: unknown, after: unknown, path: string[], patch: JsonPatch): void {
  if (NOT_OURS.has(path.join("."))) return;
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)]))
      back(before[key], after[key], [...path, key], patch);
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    patch.push(...swap(pointer(...path), after, before));
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
