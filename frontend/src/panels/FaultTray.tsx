/** What is broken on purpose just now, and how to heal it. */
import { HeartPulse, Zap } from "lucide-react";
import { faultWords, heal } from "@/actions/faults";
import { age } from "@/actions/look";
import type { Fault } from "@/protocol/rows";
import { useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { useNow, useSession } from "./context";

export function FaultLine({ fault, compact }: { fault: Fault; compact?: boolean }) {
  const session = useSession();
  const now = useNow();
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const left = fault.until ? `${age(now, fault.until)} left` : age(fault.since, now);
  return (
    <div
      className={cx(
        "flex items-center gap-2",
        compact ? "rounded-full border border-line bg-raised py-0.5 pl-2.5 pr-1 shadow-float" : "px-2 py-1",
      )}
    >
      <Zap size={13} className="shrink-0 text-bad" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate text-[12.5px]">
        <span className="font-medium text-bad">{faultWords(fault.kind)}</span> {fault.target}{" "}
        <span className="num text-ink-3">{left}</span>
      </span>
      <Button
        size="sm"
        tone="ghost"
        disabled={offline}
        onClick={() => heal(session, fault)}
        className={compact ? "h-6 rounded-full" : ""}
      >
        <HeartPulse size={13} aria-hidden="true" /> Heal
      </Button>
    </div>
  );
}

/** Always in sight while something is broken on purpose: over the map, above the list. */
export function FaultTray({ floating }: { floating?: boolean }) {
  const session = useSession();
  useTables(session.views, "faults");
  const past = useUi(s => s.past !== null);
  const faults = session.model.faults.list();
  if (!faults.length) return null;
  return (
    <section
      aria-label="Active faults"
      className={cx(
        "flex flex-wrap items-center gap-1.5",
        floating
          ? cx("enter-fade absolute left-3 right-96 w-fit", past ? "top-15" : "top-3")
          : "shrink-0 border-b border-line bg-panel px-4 py-1.5",
      )}
    >
      {faults.slice(0, 6).map(f => (
        <FaultLine key={f.id} fault={f} compact />
      ))}
      {faults.length > 6 && <span className="text-[12px] text-ink-3">and {faults.length - 6} more</span>}
    </section>
  );
}
