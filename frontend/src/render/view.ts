/** What the painters need to know besides the scene: theme, lens, filter, which pods are elsewhere just now. */

import type { Lod } from "@/scene/lod";
import type { Scene } from "@/scene/scene";
import { STATE } from "@/store/pods";
import type { Ctx } from "./glyphs";
import type { LensName } from "./lens";
import { lensColor } from "./lens";
import type { TileSprites } from "./sprites";
import type { CanvasTheme } from "./theme";

export interface View {
  scene: Scene;
  theme: CanvasTheme;
  sprites: TileSprites;
  lens: LensName;
  /** pods that fail it are drawn faintly; null: all pass */
  filter: ((pod: number) => boolean) | null;
  /** pods in flight, drawn by the live layer */
  hidden: ReadonlySet<number>;
  /** names are dropped when frames are slow */
  labels: boolean;
}

/** Where and how large: a painter's corner in device pixels, and pixels per world unit. */
export interface Pen {
  ctx: Ctx;
  view: View;
  s: number;
  ox: number;
  oy: number;
  lod: Lod;
}

export function tileColor(view: View, pod: number): number {
  return view.lens === "status" ? -1 : lensColor(view.lens, view.scene.model, pod);
}

export function isDim(view: View, pod: number): boolean {
  return view.filter !== null && !view.filter(pod);
}

export function isBad(state: number): boolean {
  return state === STATE.crash || state === STATE.failed;
}

/** Four classes for the overview, far apart in luminance; later ones are drawn over earlier ones. */
export function overviewClass(state: number): number {
  switch (state) {
    case STATE.running:
    case STATE.succeeded:
      return 0;
    case STATE.creating:
    case STATE.terminating:
    case STATE.pending:
      return 1;
    case STATE.notready:
    case STATE.unknown:
      return 2;
    default:
      return 3;
  }
}

export function showNames(view: View, lod: Lod): boolean {
  return view.labels && (lod === "names" || lod === "details");
}
