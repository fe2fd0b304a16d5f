/** Drains under way: how far, what holds them up, and a way to stop. */
import { useUi } from "@/store/ui";
import { Button } from "@/ui/Button";
import { Spinner } from "@/ui/bits";

export function Drains() {
  const drains = useUi(s => s.drains);
  const list = Object.values(drains);
  if (!list.length) return null;
  return (
    <div className="absolute right-4 top-4 flex w-80 flex-col gap-2" aria-live="polite">
      {list.map(d => (
        <div
          key={d.node}
          className="enter-left flex items-center gap-3 rounded-xl border border-line bg-raised px-3 py-2.5 shadow-float"
        >
          <Spinner size={20} />
          <div className="min-w-0 flex-1">
            <p className="m-0 truncate font-medium">
              Draining {d.node}{" "}
              <span className="num font-mono text-[11.5px] text-ink-3">
                {d.total - d.left}/{d.total}
              </span>
            </p>
            <p className="m-0 truncate text-[12px] text-ink-2" title={d.message}>
              {d.message}
            </p>
          </div>
          {d.phase !== "delete" && (
            <Button size="sm" onClick={d.cancel}>
              Stop
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}
