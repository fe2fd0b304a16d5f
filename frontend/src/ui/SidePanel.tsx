/** A panel at the left of the map: a title, a way to close it, and what scrolls. */
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./Button";

export function SidePanel(props: { label: string; title: string; onClose: () => void; children: ReactNode }) {
  return (
    <aside
      aria-label={props.label}
      className="enter-fade flex w-[320px] shrink-0 flex-col border-r border-line bg-panel"
    >
      <header className="flex items-center justify-between px-4 pb-1 pt-3.5">
        <h2 className="m-0 text-[15px] font-semibold tracking-[-0.01em]">{props.title}</h2>
        <IconButton label="Close" size="sm" onClick={props.onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto px-4 pb-4">{props.children}</div>
    </aside>
  );
}
