/** Keys of the map: they need its focus, and single letters can be turned off (WCAG 2.1.4). */

import { nudgeSpeed, step, togglePause } from "@/actions/clock";
import { announce, commandsFor, openLogs } from "@/actions/commands";
import { openYaml } from "@/actions/documents";
import { addNode } from "@/actions/nodes";
import type { ClusterSession } from "@/actions/session";
import { scalable, scale } from "@/actions/workloads";
import { openSide, type Ref, select, ui } from "@/store/ui";
import { type Direction, into, nextInDirection, nextProblem, outOf } from "@/tools/spatial";
import type { Stage } from "./stage";

const ARROWS: Record<string, Direction> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

interface KeyLike {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  preventDefault(): void;
  stopPropagation(): void;
}

export function mapKey(event: KeyLike, stage: Stage, session: ClusterSession): void {
  if (event.altKey) return;
  if (event.metaKey || event.ctrlKey) {
    return;
  }
  if (handle(event, stage, session)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function handle(event: KeyLike, stage: Stage, session: ClusterSession): boolean {
  const { key } = event;
  if (key === "Escape") {
    if (stage.cancelTool()) return true;
    if (ui.get().selection) {
      select(null);
      return true;
    }
    return false;
  }
  if (stage.moving && stage.moveKey(key)) return true;
  const selection = ui.get().selection;
  const arrow = ARROWS[key];
  if (arrow) {
    if (event.shiftKey) {
      stage.panScreen(
        arrow === "left" ? 120 : arrow === "right" ? -120 : 0,
        arrow === "up" ? 120 : arrow === "down" ? -120 : 0,
      );
      return true;
    }
    return go(stage, session, nextInDirection(stage.scene, selection, arrow));
  }
  if (key === "Enter") {
    return go(stage, session, event.shiftKey ? outOf(stage.scene, selection) : into(stage.scene, selection));
  }
  if (key === "Delete") return runCommand(session, stage, selection, ["remove", "delete"]);
  if (key === " ") {
    togglePause(session);
    return true;
  }
  if (!ui.get().singleKeys) return false;
  return letter(key, stage, session, selection);
}

function letter(key: string, stage: Stage, session: ClusterSession, selection: Ref | null): boolean {
  switch (key) {
    case "[":
      return go(stage, session, nextProblem(stage.scene, selection, -1));
    case "]":
      return go(stage, session, nextProblem(stage.scene, selection, 1));
    case "0":
      stage.fit();
      return true;
    case "f":
      if (selection) stage.focus(selection);
      return true;
    case "n":
      addNode(session);
      return true;
    case "m":
      return runCommand(session, stage, selection, ["move"]);
    case "e":
      if (selection) openYaml(session, selection);
      return selection !== null;
    case "w":
      if (selection) ui.set({ tab: "why", inspector: true });
      return selection !== null;
    case "c":
      return runCommand(session, stage, selection, ["cordon"]);
    case "d":
      return runCommand(session, stage, selection, ["drain"]);
    case "l": {
      const pod = selection?.kind === "pod" ? session.model.pods.get(selection.id) : undefined;
      if (pod) openLogs(pod);
      return pod !== undefined;
    }
    case "x":
      openSide("failures");
      return true;
    case "b":
      openSide("build");
      return true;
    case "t":
      ui.set({ view: "list" });
      return true;
    case "/":
      ui.set({ palette: true });
      return true;
    case "?":
      ui.set({ help: true });
      return true;
    case ".":
      step(session);
      return true;
    case "<":
      nudgeSpeed(session, -1);
      return true;
    case ">":
      nudgeSpeed(session, 1);
      return true;
    case "+":
    case "=":
    case "-": {
      const w = selection?.kind === "workload" ? session.model.workloads.get(selection.id) : undefined;
      if (w && scalable(w)) scale(session, w, w.desired + (key === "-" ? -1 : 1));
      else stage.zoom(key === "-" ? 1 / 1.35 : 1.35);
      return true;
    }
    default:
      return false;
  }
}

function go(stage: Stage, session: ClusterSession, ref: Ref | null): boolean {
  if (ref) {
    ui.set({ selection: ref });
    session.pointAgain();
    stage.reveal(ref.id);
    announce(session, ref);
  }
  return true;
}

function runCommand(session: ClusterSession, stage: Stage, ref: Ref | null, ids: string[]): boolean {
  if (!ref) return false;
  const command = commandsFor(session, ref, stage).find(c => ids.includes(c.id));
  command?.run();
  return command !== undefined;
}
