/** status.conditions, as a list that can be read. */
import { age } from "@/actions/look";
import type { Condition } from "@/protocol/kube";
import { Badge, Empty, Spinner } from "@/ui/bits";
import { useNow } from "../context";
import type { Live } from "./useLive";

/** Conditions for which "False" is the good answer. */
const INVERTED = /Pressure|NetworkUnavailable|ReplicaFailure|Failed|DisruptionTarget/;

export function Conditions({ live }: { live: Live }) {
  const now = useNow();
  if (!live.object) return live.error ? <Empty title="Cannot read it">{live.error}</Empty> : <Spinner />;
  const list = (live.object.status?.conditions ?? []) as Condition[];
  if (!list.length) return <Empty title="No conditions">The object does not report any.</Empty>;
  return (
    <ul className="m-0 flex list-none flex-col gap-2.5 p-0">
      {list.map(c => {
        const good = INVERTED.test(c.type) ? c.status === "False" : c.status === "True";
        const at = c.lastTransitionTime ? Date.parse(c.lastTransitionTime) * 1000 : 0;
        return (
          <li key={c.type} className="rounded-xl border border-line px-3 py-2.5">
            <div className="flex items-center justify-between gap-2">
              <span className="font-medium">{c.type}</span>
              <Badge tone={good ? "ok" : c.status === "Unknown" ? "warn" : "bad"}>{c.status}</Badge>
            </div>
            {(c.reason || c.message) && (
              <p className="m-0 mt-1 break-words text-[12.5px] text-ink-2">
                {c.reason && <span className="font-mono text-[11.5px] text-ink">{c.reason}</span>}
                {c.reason && c.message && " · "}
                {c.message}
              </p>
            )}
            {at > 0 && <p className="m-0 mt-0.5 text-[11.5px] text-ink-3">since {age(at, now)}</p>}
          </li>
        );
      })}
    </ul>
  );
}
