/** Why is it not running? One sentence, then a node by node account, then what would help. */
import { useEffect, useState } from "react";
import { commandsFor } from "@/actions/commands";
import { startComponent } from "@/actions/faults";
import { addNode, setCordon } from "@/actions/nodes";
import { toFailure } from "@/net/errors";
import type { Explanation, NodeVerdict } from "@/protocol/rest";
import type { Pod } from "@/protocol/rows";
import { type Ref, useUi } from "@/store/ui";
import { shortReason } from "@/tools/pod-drag";
import { Button } from "@/ui/Button";
import { Empty, Spinner } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { mapRef, useSession } from "../context";
import { LinkTo } from "./Summary";

export function Why({ of }: { of: Ref }) {
  const session = useSession();
  const pod = session.model.pods.get(of.id);
  const past = useUi(s => s.past !== null);
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [error, setError] = useState("");
  const key = pod ? `${pod.ns}/${pod.name}|${pod.status}|${pod.node}|${pod.message}` : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the pod's state changes
  useEffect(() => {
    if (!pod || past) return;
    const abort = new AbortController();
    session.api
      .explainPod(pod.ns, pod.name, abort.signal)
      .then(found => {
        setAnswer(found);
        setError("");
      })
      .catch(e => !abort.signal.aborted && setError(toFailure(e).message || toFailure(e).reason));
    return () => abort.abort();
  }, [session, key, past]);
  if (!pod) return null;
  if (past)
    return (
      <Empty title="Explanations are of now">{pod.message || "Return to live to ask the scheduler."}</Empty>
    );
  if (error && !answer) return <Empty title="No explanation">{error}</Empty>;
  if (!answer) {
    return (
      <div className="flex justify-center py-10">
        <Spinner size={22} />
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      <p className="m-0 text-[14.5px] font-medium leading-snug tracking-[-0.005em]">{answer.summary}</p>
      <Fixes pod={pod} answer={answer} />
      {answer.nodes.length > 0 && <Matrix nodes={answer.nodes} />}
    </div>
  );
}

function Matrix({ nodes }: { nodes: NodeVerdict[] }) {
  const session = useSession();
  const fit = nodes.filter(n => n.feasible);
  const groups = new Map<string, NodeVerdict[]>();
  for (const node of nodes) {
    if (node.feasible) continue;
    const key = (node.reasons ?? []).map(shortReason).join(", ") || node.plugin || "does not fit";
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const link = (name: string) => {
    const i = session.model.nodeByName.get(name);
    const row = i === undefined ? undefined : session.model.nodes.at(i);
    return row ? (
      <LinkTo key={name} to={{ kind: "node", id: row.id }} text={name} />
    ) : (
      <span key={name}>{name}</span>
    );
  };
  return (
    <div>
      <p className="eyebrow m-0 mb-1.5">Node by node</p>
      <div className="overflow-hidden rounded-xl border border-line">
        {fit.length > 0 && (
          <table className="w-full border-collapse text-[12.5px]">
            <tbody>
              {fit
                .sort((a, b) => (b.total ?? 0) - (a.total ?? 0))
                .slice(0, 12)
                .map(n => (
                  <tr key={n.name} className="border-b border-line last:border-0">
                    <td className="w-8 py-1.5 pl-3 font-medium text-ok">✓</td>
                    <td className="py-1.5 pr-2">{link(n.name)}</td>
                    <td
                      className="num py-1.5 pr-3 text-right font-mono text-[11.5px] text-ink-2"
                      title={scores(n)}
                    >
                      {n.total ?? ""}
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        )}
        {[...groups.entries()]
          .sort((a, b) => b[1].length - a[1].length)
          .map(([reason, list], i) => (
            <div
              key={reason}
              className={cx(
                "flex gap-2.5 px-3 py-2 text-[12.5px]",
                (i > 0 || fit.length > 0) && "border-t border-line",
              )}
            >
              <span className="font-medium text-bad">✕</span>
              <div className="min-w-0 flex-1">
                <p className="m-0 break-words">
                  <span className="num font-medium">{list.length}</span> {reason}
                </p>
                <p className="m-0 mt-0.5 flex flex-wrap gap-x-2 text-ink-3">
                  {list.slice(0, 8).map(n => link(n.name))}
                  {list.length > 8 && <span>and {list.length - 8} more</span>}
                </p>
                {list[0]?.plugin && (
                  <p className="m-0 mt-0.5 font-mono text-[11px] text-ink-3">{list[0].plugin}</p>
                )}
              </div>
            </div>
          ))}
      </div>
    </div>
  );
}

function scores(n: NodeVerdict): string {
  return Object.entries(n.scores ?? {})
    .map(([plugin, score]) => `${plugin} ${score}`)
    .join("\n");
}

/** What would help, as buttons that say which call they make. */
function Fixes({ pod, answer }: { pod: Pod; answer: Explanation }) {
  const session = useSession();
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  if (pod.node) {
    const commands = commandsFor(session, { kind: "pod", id: pod.id }, mapRef.current).filter(c =>
      ["logs", "delete"].includes(c.id),
    );
    return (
      <div className="flex flex-wrap gap-1.5">
        {commands.map(c => (
          <Button key={c.id} size="sm" disabled={offline && !c.local} onClick={c.run}>
            {c.title}
          </Button>
        ))}
      </div>
    );
  }
  const fixes: { title: string; call: string; run: () => void }[] = [];
  const scheduler = [...session.model.components.values()].filter(c => c.name === "kube-scheduler");
  if (scheduler.length && scheduler.every(c => c.state !== "running")) {
    fixes.push({
      title: "Start the scheduler",
      call: "heal component-stop kube-scheduler",
      run: () => startComponent(session, "kube-scheduler"),
    });
  }
  for (const n of answer.nodes) {
    if (n.feasible || !(n.reasons ?? []).some(r => r.includes("unschedulable"))) continue;
    const i = session.model.nodeByName.get(n.name);
    const node = i === undefined ? undefined : session.model.nodes.at(i);
    if (node?.cordoned && fixes.length < 3) {
      fixes.push({
        title: `Uncordon ${n.name}`,
        call: `kubectl uncordon ${n.name}`,
        run: () => setCordon(session, node, false),
      });
    }
  }
  if (answer.nodes.some(n => (n.reasons ?? []).some(r => /Insufficient|Too many pods/.test(r)))) {
    fixes.push({
      title: "Add a node",
      call: `POST ${session.api.base}/machines`,
      run: () => addNode(session),
    });
  }
  const map = mapRef.current;
  if (map)
    fixes.push({ title: "Choose a node yourself…", call: "POST …/binding", run: () => map.startMove(pod) });
  if (!fixes.length) return null;
  return (
    <div className="flex flex-col gap-1.5">
      {fixes.map(f => (
        <button
          key={f.title}
          type="button"
          disabled={offline}
          onClick={f.run}
          className="flex items-center justify-between gap-3 rounded-lg border border-line-strong px-3 py-1.5 text-left hover:bg-hover disabled:opacity-45"
        >
          <span className="shrink-0 font-medium">{f.title}</span>
          <span className="min-w-0 truncate font-mono text-[11px] text-ink-3" title={f.call}>
            {f.call}
          </span>
        </button>
      ))}
    </div>
  );
}
