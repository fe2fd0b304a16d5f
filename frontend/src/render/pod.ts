/** A pod in its cell: a chip with its name while there is room, a tile when there is not. */
import { cellRect } from "@/scene/density";
import type { Lod } from "@/scene/lod";
import { STATE } from "@/store/pods";
import { type Ctx, drawGlyph, drawTile, roundRect } from "./glyphs";
import { bytes, clip, cores, fitText, measure, monoWidth, podLabel, setFont, shorten } from "./text";
import { isBad, isDim, type Pen, showNames, tileColor, type View } from "./view";

/** One pod in its cell of a card, by the density's way of drawing it. */
export function paintPod(pen: Pen, pod: number, slot: number): void {
  const { ctx, view, s, ox, oy, lod } = pen;
  const d = view.scene.density;
  const cell = cellRect(d, slot, 0, 0);
  const x = ox + Math.round(cell.x * s);
  const y = oy + Math.round(cell.y * s);
  const w = Math.round(cell.w * s);
  const h = Math.round(cell.h * s);
  const dim = isDim(view, pod);
  if (dim) ctx.globalAlpha = 0.16;
  if (d.name === "chip") paintChip(ctx, view, pod, x, y, w, h, s, lod);
  else paintSquare(ctx, view, pod, x, y, h, lod);
  if (dim) ctx.globalAlpha = 1;
}

/** Tile, name, container dots; at high zoom requests and restarts too. */
export function paintChip(
  ctx: Ctx,
  view: View,
  pod: number,
  x: number,
  y: number,
  w: number,
  h: number,
  s: number,
  lod: Lod,
): void {
  const { theme, scene } = view;
  const { pods } = scene.model;
  const state = pods.state[pod]!;
  roundRect(ctx, x, y, w, h, 6 * s);
  ctx.fillStyle = theme.slot;
  ctx.fill();
  const pad = Math.round(3 * s);
  const size = h - 2 * pad;
  view.sprites.stamp(ctx, state, tileColor(view, pod), x + pad, y + pad, size);
  if (!view.labels || s < 0.55) return;
  const left = x + pad + size + 4 * s;
  const dots = Math.min(4, pods.containers[pod]!.length);
  const restarts = pods.restarts[pod]!;
  let right = x + w - 3.5 * s;
  if (dots > 0) right = containerDots(ctx, view, pod, right, y + h / 2, 2.1 * s, dots) - 2.5 * s;
  ctx.textBaseline = "middle";
  if (restarts > 0) {
    setFont(ctx, theme.mono, 8.5 * s, 600);
    ctx.textAlign = "right";
    ctx.fillStyle = isBad(state) ? theme.bad : theme.ink3;
    const label = `↻${restarts}`;
    ctx.fillText(label, right, y + h / 2 + 0.5 * s);
    right -= monoWidth(label, 8.5 * s) + 3 * s;
  }
  const detailed = lod === "details";
  ctx.textAlign = "left";
  ctx.fillStyle = state === STATE.terminating ? theme.ink3 : theme.ink;
  paintPodName(
    ctx,
    view,
    pod,
    left,
    right,
    y + h / 2 + (detailed ? -3.6 : 0.5) * s,
    (detailed ? 9.4 : 11.2) * s,
  );
  if (detailed) {
    setFont(ctx, theme.mono, 6 * s);
    ctx.fillStyle = theme.ink3;
    const line = `${pods.status[pod]} · ${cores(pods.cpu[pod]!)} · ${bytes(pods.mem[pod]!)}`;
    ctx.fillText(clip(line, x + w - 5 * s - left, 6 * s), left, y + h / 2 + 5.4 * s);
  }
}

/** The workload's name in ink, the pod's own suffix fainter behind it. */
function paintPodName(
  ctx: Ctx,
  view: View,
  pod: number,
  left: number,
  right: number,
  y: number,
  size: number,
): void {
  const { theme } = view;
  const { pods } = view.scene.model;
  const { base, own } = podLabel(pods.name[pod]!, pods.workload[pod]!, pods.nodeName[pod]!);
  const room = right - left;
  const small = size * 0.78;
  setFont(ctx, theme.sans, size, 500);
  const width = measure(ctx, base, size, 500);
  const tail = own ? monoWidth(own, small) + size * 0.32 : 0;
  const showOwn = tail > 0 && width + tail <= room;
  const head = fitText(ctx, base, showOwn ? room - tail : room, size, 500);
  ctx.fillText(head, left, y);
  if (!showOwn) return;
  const after = measure(ctx, head, size, 500) + size * 0.32;
  setFont(ctx, theme.mono, small);
  ctx.fillStyle = theme.ink3;
  ctx.fillText(own, left + after, y);
}

function containerDots(
  ctx: Ctx,
  view: View,
  pod: number,
  right: number,
  cy: number,
  r: number,
  count: number,
): number {
  const { theme } = view;
  const containers = view.scene.model.pods.containers[pod]!;
  let x = right - r;
  for (let i = count - 1; i >= 0; i--) {
    const container = containers[i]!;
    ctx.beginPath();
    ctx.arc(x, cy, r, 0, Math.PI * 2);
    if (container.ready) {
      ctx.fillStyle = theme.ok;
      ctx.fill();
    } else {
      ctx.lineWidth = Math.max(1, r * 0.5);
      ctx.strokeStyle =
        container.state === "waiting" && container.reason.match(/Err|Crash|Back/) ? theme.bad : theme.ink3;
      ctx.stroke();
    }
    x -= r * 2 + r * 0.9;
  }
  return x + r * 0.9;
}

function paintSquare(ctx: Ctx, view: View, pod: number, x: number, y: number, size: number, lod: Lod): void {
  const { theme, scene } = view;
  const { pods } = scene.model;
  const state = pods.state[pod]!;
  if (lod === "details" && size >= 40) {
    paintLargeTile(ctx, view, pod, x, y, size);
    return;
  }
  view.sprites.stamp(ctx, state, tileColor(view, pod), x, y, size);
  if (size < 20 || !showNames(view, lod)) return;
  const restarts = pods.restarts[pod]!;
  const count = Math.min(4, pods.containers[pod]!.length);
  if (restarts > 0 && isBad(state) && size >= 24) {
    setFont(ctx, theme.mono, size * 0.3, 700);
    ctx.textAlign = "right";
    ctx.textBaseline = "alphabetic";
    ctx.fillStyle = theme.glyph;
    ctx.fillText(String(Math.min(99, restarts)), x + size - size * 0.06, y + size - size * 0.07);
  } else if (count > 1) dotsOnTile(ctx, view, pod, x, y, size, count);
}

/** A tile with room for words: whose it is, which one, what it asks for, its containers. */
function paintLargeTile(ctx: Ctx, view: View, pod: number, x: number, y: number, size: number): void {
  const { theme } = view;
  const { pods } = view.scene.model;
  const state = pods.state[pod]!;
  const style = view.sprites.style(state, tileColor(view, pod));
  drawTile(ctx, state, x, y, size, style, true);
  drawGlyph(ctx, state, x + size / 2, y + size * 0.46, size * 0.52, style);
  const ink = state === STATE.terminating ? theme.ink : theme.glyph;
  const { base, own } = podLabel(pods.name[pod]!, pods.workload[pod]!, pods.nodeName[pod]!);
  const room = size * 0.84;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = ink;
  setFont(ctx, theme.sans, size * 0.145, 600);
  ctx.fillText(fitText(ctx, base, room, size * 0.145, 600), x + size / 2, y + size * 0.21);
  setFont(ctx, theme.mono, size * 0.12);
  ctx.fillText(own || shorten(pods.name[pod]!, room, size * 0.12), x + size / 2, y + size * 0.76);
  const restarts = pods.restarts[pod]!;
  if (size >= 64) {
    setFont(ctx, theme.mono, size * 0.085);
    const asks = `${cores(pods.cpu[pod]!)} ${bytes(pods.mem[pod]!)}${restarts ? ` ↻${restarts}` : ""}`;
    ctx.fillText(asks, x + size / 2, y + size * 0.86);
  }
  dotsOnTile(ctx, view, pod, x, y, size, Math.min(4, pods.containers[pod]!.length));
}

function dotsOnTile(
  ctx: Ctx,
  view: View,
  pod: number,
  x: number,
  y: number,
  size: number,
  count: number,
): void {
  const containers = view.scene.model.pods.containers[pod]!;
  const r = Math.max(1, Math.min(size * 0.055, 1 + size * 0.02));
  const pitch = r * 3;
  let cx = x + size / 2 - ((count - 1) * pitch) / 2;
  const cy = y + size - Math.max(r * 2.2, size * 0.075);
  ctx.fillStyle = view.theme.glyph;
  for (let i = 0; i < count; i++) {
    ctx.beginPath();
    ctx.arc(cx, cy, r, 0, Math.PI * 2);
    if (containers[i]!.ready) ctx.fill();
    else {
      ctx.lineWidth = Math.max(0.8, r * 0.5);
      ctx.strokeStyle = view.theme.glyph;
      ctx.stroke();
    }
    cx += pitch;
  }
}
