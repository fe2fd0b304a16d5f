/** Undo and redo for keys, palette and buttons alike. */
import { history, type Step, useHistory } from "@/store/history";
import { toast, ui } from "@/store/ui";

export function undo(): boolean {
  return act(useHistory.getState().past.at(-1), history.undo);
}

export function redo(): boolean {
  return act(useHistory.getState().future.at(-1), history.redo);
}

/** What taking a step back would do, for tooltips. */
export function undoWords(step: Step): string {
  return step.scope === "layout" ? `${step.title} · on the map only` : `${step.title} · ${step.how}`;
}

/** True if there was something to act on; the step stays while the cluster cannot be reached. */
function act(step: Step | undefined, move: () => Promise<void>): boolean {
  if (!step) return false;
  if (step.scope === "cluster" && ui.get().link.phase !== "live")
    toast({ tone: "bad", title: "Not connected", detail: `${step.title} can be undone once we are back.` });
  else void move();
  return true;
}
