/** The pod tile and its state glyphs: shape first, colour second. Pure drawing at any size. */
import { STATE } from "@/store/pods";

export type Ctx = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export interface TileStyle {
  fill: string;
  glyph: string;
  outline: string;
  /** what shines through a hollow tile */
  surface: string;
}

export function roundRect(ctx: Ctx, x: number, y: number, w: number, h: number, r: number): void {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, Math.min(r, w / 2, h / 2));
}

/** Corners clipped at the top right: the outline of failed pods. */
function clippedRect(ctx: Ctx, x: number, y: number, s: number, r: number, cut: number): void {
  ctx.beginPath();
  ctx.moveTo(x + r, y);
  ctx.lineTo(x + s - cut, y);
  ctx.lineTo(x + s, y + cut);
  ctx.lineTo(x + s, y + s - r);
  ctx.quadraticCurveTo(x + s, y + s, x + s - r, y + s);
  ctx.lineTo(x + r, y + s);
  ctx.quadraticCurveTo(x, y + s, x, y + s - r);
  ctx.lineTo(x, y + r);
  ctx.quadraticCurveTo(x, y, x + r, y);
  ctx.closePath();
}

/**
 * A pod tile of side `s` at (x, y). Below 8 px the glyph is left out and only the outline tells; `bare` leaves it to the
 * caller.
 */
export function drawTile(
  ctx: Ctx,
  state: number,
  x: number,
  y: number,
  s: number,
  style: TileStyle,
  bare = false,
): void {
  const r = s * 0.26;
  const line = Math.min(2, Math.max(1, s / 20));
  if (state === STATE.terminating) {
    const inset = line / 2 + s * 0.04;
    roundRect(ctx, x + inset, y + inset, s - 2 * inset, s - 2 * inset, r);
    ctx.fillStyle = style.surface;
    ctx.fill();
    ctx.lineWidth = Math.max(1.2, s / 11);
    ctx.strokeStyle = style.fill;
    if (s >= 7) ctx.setLineDash([s * 0.19, s * 0.13]);
    ctx.stroke();
    ctx.setLineDash([]);
  } else {
    const bad = state === STATE.crash || state === STATE.failed;
    const outline = (inset: number) => {
      const side = s - 2 * inset;
      if (bad) clippedRect(ctx, x + inset, y + inset, side, r - inset, s * 0.3);
      else roundRect(ctx, x + inset, y + inset, side, side, r - inset);
    };
    outline(0);
    ctx.fillStyle = style.fill;
    ctx.fill();
    if (s >= 6) {
      outline(line / 2);
      ctx.lineWidth = line;
      ctx.strokeStyle = style.outline;
      ctx.stroke();
    }
    if (state === STATE.unknown && s >= 8) hatch(ctx, x, y, s, r, style.glyph);
  }
  if (s >= 8 && !bare) drawGlyph(ctx, state, x + s / 2, y + s / 2, s, style);
}

function hatch(ctx: Ctx, x: number, y: number, s: number, r: number, color: string): void {
  ctx.save();
  roundRect(ctx, x, y, s, s, r);
  ctx.clip();
  ctx.globalAlpha *= 0.2;
  ctx.strokeStyle = color;
  ctx.lineWidth = Math.max(1, s / 18);
  ctx.beginPath();
  for (let d = -s; d < s; d += s / 4) {
    ctx.moveTo(x + d, y + s);
    ctx.lineTo(x + d + s, y);
  }
  ctx.stroke();
  ctx.restore();
}

/** The glyph alone, centred at (cx, cy), for a tile of side `s`. `turn` rotates the arc of "creating". */
export function drawGlyph(
  ctx: Ctx,
  state: number,
  cx: number,
  cy: number,
  s: number,
  style: TileStyle,
  turn = 0,
): void {
  const k = s / 20;
  ctx.strokeStyle = state === STATE.terminating ? style.fill : style.glyph;
  ctx.fillStyle = style.glyph;
  ctx.lineWidth = Math.max(1.2, 2 * k);
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.beginPath();
  switch (state) {
    case STATE.running:
      ctx.moveTo(cx - 4 * k, cy + 0.3 * k);
      ctx.lineTo(cx - 1.2 * k, cy + 3.1 * k);
      ctx.lineTo(cx + 4.2 * k, cy - 3.2 * k);
      ctx.stroke();
      break;
    case STATE.creating:
      ctx.arc(cx, cy, 4.4 * k, turn - 0.6, turn + Math.PI * 1.15);
      ctx.stroke();
      break;
    case STATE.pending:
      ctx.arc(cx, cy, 4.8 * k, 0, Math.PI * 2);
      ctx.moveTo(cx, cy - 2.6 * k);
      ctx.lineTo(cx, cy);
      ctx.lineTo(cx + 2 * k, cy + 1.2 * k);
      ctx.lineWidth = Math.max(1, 1.6 * k);
      ctx.stroke();
      break;
    case STATE.notready:
      ctx.moveTo(cx, cy - 4.4 * k);
      ctx.lineTo(cx + 4.8 * k, cy + 3.8 * k);
      ctx.lineTo(cx - 4.8 * k, cy + 3.8 * k);
      ctx.closePath();
      ctx.lineWidth = Math.max(1, 1.7 * k);
      ctx.stroke();
      break;
    case STATE.crash:
    case STATE.failed:
      ctx.moveTo(cx - 3.4 * k, cy - 3.4 * k);
      ctx.lineTo(cx + 3.4 * k, cy + 3.4 * k);
      ctx.moveTo(cx + 3.4 * k, cy - 3.4 * k);
      ctx.lineTo(cx - 3.4 * k, cy + 3.4 * k);
      ctx.stroke();
      break;
    case STATE.terminating:
      ctx.moveTo(cx - 3.6 * k, cy);
      ctx.lineTo(cx + 3.6 * k, cy);
      ctx.stroke();
      break;
    case STATE.succeeded:
      ctx.roundRect(cx - 3.6 * k, cy - 3.6 * k, 7.2 * k, 7.2 * k, 1.4 * k);
      ctx.fill();
      break;
    default:
      ctx.arc(cx, cy - 1.8 * k, 2.7 * k, -Math.PI, Math.PI * 0.4);
      ctx.lineTo(cx, cy + 1.9 * k);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(cx, cy + 4.9 * k, 1.15 * k, 0, Math.PI * 2);
      ctx.fill();
  }
  ctx.lineCap = "butt";
}

export function hexagon(ctx: Ctx, cx: number, cy: number, r: number): void {
  ctx.beginPath();
  for (let i = 0; i < 6; i++) {
    const a = (Math.PI / 3) * i - Math.PI / 2;
    const x = cx + r * Math.cos(a);
    const y = cy + r * Math.sin(a);
    if (i === 0) ctx.moveTo(x, y);
    else ctx.lineTo(x, y);
  }
  ctx.closePath();
}

export function cylinder(ctx: Ctx, x: number, y: number, w: number, h: number): void {
  const ry = w * 0.16;
  ctx.beginPath();
  ctx.moveTo(x, y + ry);
  ctx.lineTo(x, y + h - ry);
  ctx.ellipse(x + w / 2, y + h - ry, w / 2, ry, 0, Math.PI, 0, true);
  ctx.lineTo(x + w, y + ry);
  ctx.ellipse(x + w / 2, y + ry, w / 2, ry, 0, 0, Math.PI, true);
  ctx.closePath();
}
