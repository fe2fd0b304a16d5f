/** Zoom out, level, zoom in, fit. */
import { Maximize, Minus, Plus } from "lucide-react";
import { useSyncExternalStore } from "react";
import { IconButton } from "@/ui/Button";
import type { Stage } from "./stage";

export function ZoomBar({ stage }: { stage: Stage }) {
  const percent = useSyncExternalStore(stage.onCamera, () => Math.round(stage.camera().z * 100));
  return (
    <div className="absolute bottom-3 right-3 flex items-center rounded-xl border border-line bg-raised/95 p-1 shadow-float">
      <IconButton label="Zoom out" keys="-" size="sm" side="top" onClick={() => stage.zoom(1 / 1.35)}>
        <Minus size={15} />
      </IconButton>
      <span className="num w-11 text-center font-mono text-[11px] text-ink-2">{percent}%</span>
      <IconButton label="Zoom in" keys="+" size="sm" side="top" onClick={() => stage.zoom(1.35)}>
        <Plus size={15} />
      </IconButton>
      <IconButton label="Fit everything" keys="0" size="sm" side="top" onClick={() => stage.fit()}>
        <Maximize size={15} />
      </IconButton>
    </div>
  );
}
