/** The full object behind a row, fetched when it is looked at and again when its row changes. */
import { useEffect, useState } from "react";
import { named } from "@/actions/look";
import type { ClusterSession } from "@/actions/session";
import { toFailure } from "@/net/errors";
import { KNOWN, type KubeObject, resourcePath } from "@/protocol/kube";
import { type Ref, useUi } from "@/store/ui";

export interface Live {
  object: KubeObject | null;
  error: string;
}

const PAUSE_MS = 250;

export function useLive(session: ClusterSession, ref: Ref): Live {
  const [live, setLive] = useState<Live>({ object: null, error: "" });
  const object = named(session, ref);
  const path = object && KNOWN[object.kind] ? resourcePath(KNOWN[object.kind]!, object.ns, object.name) : "";
  const row = rowKey(session, ref);
  const past = useUi(s => s.past?.rev);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed row asks for the object again
  useEffect(() => {
    if (!path) return;
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        fetchAt(session, path, object!.name, past, abort.signal)
          .then(found => setLive({ object: found, error: "" }))
          .catch(error => {
            if (!abort.signal.aborted) setLive(old => ({ ...old, error: toFailure(error).message }));
          });
      },
      live.object ? PAUSE_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [session, path, row, past]);
  return live;
}

/** The object now, or as it was: the API answers lists at a revision. */
async function fetchAt(
  session: ClusterSession,
  path: string,
  name: string,
  rev: number | undefined,
  signal: AbortSignal,
): Promise<KubeObject> {
  if (rev === undefined) return session.kube.get(path, signal);
  const query = new URLSearchParams({
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: String(rev),
    resourceVersionMatch: "Exact",
  });
  const collection = path.slice(0, path.lastIndexOf("/"));
  const list = await session.kube.get<KubeList>(`${collection}?${query}`, signal);
  const found = list.items[0];
  if (!found) throw new Error("It was not there then.");
  // The items of a list leave their type to the list.
  return { ...found, apiVersion: list.apiVersion, kind: list.kind.replace(/List$/, "") };
}

interface KubeList {
  apiVersion: string;
  kind: string;
  items: KubeObject[];
}

/** Something that differs when the object's row does. */
function rowKey(session: ClusterSession, ref: Ref): string {
  const { model } = session;
  switch (ref.kind) {
    case "pod": {
      const p = model.pods.get(ref.id);
      return p
        ? `${p.status}|${p.ready}|${p.restarts}|${p.node}|${p.reason}|${JSON.stringify(p.containers)}`
        : "";
    }
    case "node":
      return JSON.stringify(model.nodes.get(ref.id) ?? "");
    case "workload":
      return JSON.stringify(model.workloads.get(ref.id) ?? "");
    case "service":
      return JSON.stringify(model.services.get(ref.id) ?? "");
    default:
      return "";
  }
}
