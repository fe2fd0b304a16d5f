/** Text on the canvas. Names are set in the monospaced face, so they are shortened by arithmetic, not by measuring. */
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

export function clip(text: string, width: number, size: number): string {
  const room = Math.floor(width / (size * MONO_ADVANCE));
  if (text.length <= room) return text;
  return room <= 1 ? "" : `${text.slice(0, room - 1)}…`;
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
