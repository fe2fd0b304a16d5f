/** A workload about to be scaled: its replicas as tiles, those that would come as outlines, those that would go struck. */
import { type Camera, toScreen } from "@/scene/camera";
import { STATE } from "@/store/pods";
import { type Ctx, roundRect } from "./glyphs";
import { setFont } from "./text";
import type { View } from "./view";

export interface Scaling {
  id: string;
  from: number;
  to: number;
}

const TILE = 13;
const GAP = 4;
const PER_ROW = 12;
const SHOWN = 48;

export function paintScaling(ctx: Ctx, view: View, camera: Camera, scaling: Scaling): void {
  const rect = view.scene.rectOf(scaling.id);
  if (!rect) return;
  const { theme } = view;
  const { from, to } = scaling;
  const all = Math.max(from, to);
  const shown = Math.min(all, SHOWN);
  const rows = Math.max(1, Math.ceil(shown / PER_ROW));
  const at = toScreen(camera, rect.x + rect.w, rect.y);
  const w = Math.max(120, Math.min(shown, PER_ROW) * (TILE + GAP) - GAP + 24);
  const h = 38 + rows * (TILE + GAP);
  const x = at.x + 12;
  const y = at.y;
  roundRect(ctx, x, y, w, h, 10);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.accent;
  ctx.stroke();
  setFont(ctx, theme.sans, 12, 600);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = theme.ink;
  const change = to - from;
  const more = all > shown ? ` · ${shown} shown` : "";
  ctx.fillText(
    `${from} → ${to}${change ? ` (${change > 0 ? "+" : "−"}${Math.abs(change)})` : ""}${more}`,
    x + 12,
    y + 16,
  );
  for (let i = 0; i < shown; i++) {
    const tx = x + 12 + (i % PER_ROW) * (TILE + GAP);
    const ty = y + 28 + Math.floor(i / PER_ROW) * (TILE + GAP);
    roundRect(ctx, tx + 0.5, ty + 0.5, TILE - 1, TILE - 1, 3.5);
    if (i < Math.min(from, to)) {
      ctx.fillStyle = theme.states[STATE.running]!;
      ctx.fill();
      continue;
    }
    const grows = i >= from;
    ctx.setLineDash(grows ? [3, 2] : []);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = grows ? theme.accent : theme.bad;
    ctx.stroke();
    ctx.setLineDash([]);
    if (!grows) {
      ctx.beginPath();
      ctx.moveTo(tx + 3, ty + TILE / 2);
      ctx.lineTo(tx + TILE - 3, ty + TILE / 2);
      ctx.stroke();
    }
  }
}

/** Three dots at the edge that can be drawn out. */
export function paintHandle(ctx: Ctx, view: View, camera: Camera, id: string): void {
  const rect = view.scene.rectOf(id);
  if (!rect) return;
  const at = toScreen(camera, rect.x + rect.w, rect.y + rect.h / 2);
  const k = Math.max(1, Math.min(1.6, camera.z * view.scene.layout.laneScale));
  ctx.fillStyle = view.theme.ink3;
  for (const dy of [-4, 0, 4]) {
    ctx.beginPath();
    ctx.arc(at.x - 5 * k, at.y + dy * k, 1.3 * k, 0, Math.PI * 2);
    ctx.fill();
  }
}
