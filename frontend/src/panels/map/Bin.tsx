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
        "enter-left pointer-events-none absolute bottom-16 right-4 top-4 flex w-28 flex-col items-center justify-center gap-2 rounded-2xl border-2 border-dashed px-3 text-center text-[12.5px] font-medium transition-colors",
        hot ? "border-bad bg-bad-soft text-bad" : "border-line-strong bg-panel/90 text-ink-2",
      )}
    >
      <LogOut size={22} aria-hidden="true" />
      Out of the cluster
      <span className="text-[11px] font-normal text-ink-3">
        {state === "hot-shift" ? "at once" : "Shift: at once"}
      </span>
    </div>
  );
}
