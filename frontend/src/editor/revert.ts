/** Taking an applied text back: what it made is deleted, what it changed gets its former values again. */
import { revert, takeBack } from "@/actions/inverse";
import { run } from "@/actions/run";
import type { ClusterSession } from "@/actions/session";
import { history } from "@/store/history";
import { applyText, type Outcome } from "./apply";

export function rememberApply(
  session: ClusterSession,
  text: string,
  namespace: string | undefined,
  outcomes: Outcome[],
): void {
  let applied = outcomes;
  const names = outcomes.map(o => o.document.name);
  const title = `Apply ${names.length > 2 ? `${names.length} objects` : names.join(", ")}`;
  const how = describe(outcomes);
  if (!how) return;
  history.push({
    title,
    scope: "cluster",
    how,
    undo: async () =>
      (await run({
        title: `Undo: ${title}`,
        command: how,
        run: async () => {
          for (const outcome of [...applied].reverse()) await putBack(session, outcome);
          return true;
        },
        done: () => `Undone: ${title}`,
      })) === true,
    redo: async () =>
      (await run({
        title,
        command: "kubectl apply --server-side --force-conflicts -f -",
        run: async () => {
          const again = await applyText(session.kube, text, { force: true, namespace, remember: true });
          const failed = again.error || again.outcomes.find(o => o.error)?.error;
          if (failed) throw new Error(failed);
          applied = again.outcomes;
          return true;
        },
      })) === true,
  });
}

function describe(outcomes: Outcome[]): string {
  const made = outcomes.filter(o => o.object && o.before === null).map(o => o.document);
  const changed = outcomes.filter(o => o.object && o.before && revert(o.before, o.object).length > 0);
  return [
    made.length && `kubectl delete ${made.map(d => `${d.kind.toLowerCase()}/${d.name}`).join(" ")}`,
    changed.length &&
      `kubectl patch ${changed.map(o => `${o.document.kind.toLowerCase()}/${o.document.name}`).join(" ")}`,
  ]
    .filter(Boolean)
    .join("; ");
}

async function putBack(session: ClusterSession, outcome: Outcome): Promise<void> {
  const { path, before, object } = outcome;
  if (!object || before === undefined) return;
  if (before === null) {
    await session.kube.delete(path, {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      preconditions: { uid: object.metadata.uid },
    });
    return;
  }
  const patch = revert(before, object);
  if (patch.length) await takeBack(session.kube.patch(path, patch, "json"));
}
