/** Where things are dropped to leave the cluster. Shows itself only while something is dragged. */
import { LogOut } from "lucide-react";
import { cx } from "@/ui/cx";

export type BinState = "hidden" | "shown" | "hot" | "hot-shift";

export function Bin({ state }: { state: BinState }) {
  if (state === "hidden") return null;
  const hot = state !== "shown";
  return (
    <div
      data-bin
      className={cx(
        "enter-up pointer-events-none absolute bottom-2.5 left-1/2 flex h-14 w-80 -translate-x-1/2 items-center justify-center gap-3 rounded-2xl border-2 border-dashed px-4 text-[13px] font-medium shadow-float transition-colors",
        hot ? "border-bad bg-bad-soft text-bad" : "border-line-strong bg-raised text-ink-2",
      )}
    >
      <LogOut size={20} aria-hidden="true" />
      Drop here: out of the cluster
      <span className="text-[11px] font-normal text-ink-3">
        {state === "hot-shift" ? "at once" : "Shift: at once"}
      </span>
    </div>
  );
}
