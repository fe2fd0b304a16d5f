/** Text on the canvas: shortened by arithmetic in the monospaced face, by remembered measures in the proportional one. */
import type { Ctx } from "./glyphs";

const MONO_ADVANCE = 0.6;

export function monoWidth(text: string, size: number): number {
  return text.length * size * MONO_ADVANCE;
}

/** Keep the end of generated names: "frontend-7d9f-x8k2p" → "fronte…x8k2p". */
export function shorten(text: string, width: number, size: number): string {
  const room = Math.floor(width / (size * MONO_ADVANCE));
  if (text.length <= room) return text;
  if (room <= 3) return text.slice(0, Math.max(0, room));
  const tail = Math.min(5, Math.floor((room - 1) / 2));
  return `${text.slice(0, room - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** A pod's name as people read it: what it belongs to, and the part that is its own. */
export function podLabel(name: string, workload: string, node: string): { base: string; own: string } {
  if (node && workload.startsWith("Pod/") && name.endsWith(`-${node}`)) {
    return { base: name.slice(0, -node.length - 1), own: "" };
  }
  const top = workload.slice(workload.indexOf("/") + 1);
  if (top && name !== top && name.startsWith(`${top}-`)) {
    return { base: top, own: name.slice(name.lastIndexOf("-") + 1) };
  }
  return { base: name, own: "" };
}

export function clip(text: string, width: number, size: number): string {
  const room = Math.floor(width / (size * MONO_ADVANCE));
  if (text.length <= room) return text;
  return room <= 1 ? "" : `${text.slice(0, room - 1)}…`;
}

const MEASURED_AT_MOST = 8000;
const emWidths = new Map<string, number>();

/** Fonts arrived: what was measured before is of no use. */
export function forgetMeasures(): void {
  emWidths.clear();
}

/** Width of a text in the context's current font, which has this size and weight. */
export function measure(ctx: Ctx, text: string, size: number, weight = 400): number {
  const key = `${weight}${text}`;
  let em = emWidths.get(key);
  if (em === undefined) {
    if (emWidths.size >= MEASURED_AT_MOST) emWidths.clear();
    em = ctx.measureText(text).width / size;
    emWidths.set(key, em);
  }
  return em * size;
}

/** Shortened to fit, with an ellipsis, in the context's current font. */
export function fitText(ctx: Ctx, text: string, width: number, size: number, weight = 400): string {
  if (measure(ctx, text, size, weight) <= width) return text;
  let end = Math.max(1, Math.floor((text.length * width) / Math.max(1, measure(ctx, text, size, weight))));
  while (end > 1 && measure(ctx, `${text.slice(0, end)}…`, size, weight) > width) end--;
  return end <= 1 ? "" : `${text.slice(0, end).trimEnd()}…`;
}

export function setFont(ctx: Ctx, face: string, size: number, weight = 400): void {
  ctx.font = `${weight} ${size}px ${face}`;
}

const UNITS = ["", "Ki", "Mi", "Gi", "Ti"];

export function bytes(value: number): string {
  let unit = 0;
  let v = value;
  while (v >= 1024 && unit < UNITS.length - 1) {
    v /= 1024;
    unit++;
  }
  return `${v >= 100 || Number.isInteger(v) ? Math.round(v) : v.toFixed(1)}${UNITS[unit]}`;
}

export function cores(milli: number): string {
  if (milli % 1000 === 0) return String(milli / 1000);
  return milli >= 1000 ? (milli / 1000).toFixed(1) : `${milli}m`;
}
