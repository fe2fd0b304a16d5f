/** Sizes of the map in world units (one unit is one CSS pixel at zoom 1), and rectangles. */

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Point {
  x: number;
  y: number;
}

export const CARD = {
  w: 264,
  h: 248,
  pad: 12,
  radius: 10,
  /** top of the three bars */
  barsY: 43,
  barPitch: 16,
  gridY: 102,
  gridW: 240,
  gridH: 134,
} as const;

export const GAP = 16;
export const ZONE = { pad: 14, header: 34, gap: 20, radius: 16 } as const;
export const DECK = { h: 148, radius: 16 } as const;
export const SHELF = { h: 96, pad: 14, header: 30, radius: 16 } as const;
export const LANE = { w: 220, item: 44, gap: 6, group: 26, margin: 28 } as const;
export const MAIN_MIN_W = 900;

export function contains(rect: Rect, x: number, y: number): boolean {
  return x >= rect.x && y >= rect.y && x < rect.x + rect.w && y < rect.y + rect.h;
}

export function intersects(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

export function union(a: Rect | null, b: Rect): Rect {
  if (!a) return { ...b };
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

export function inflate(rect: Rect, by: number): Rect {
  return { x: rect.x - by, y: rect.y - by, w: rect.w + 2 * by, h: rect.h + 2 * by };
}

export function center(rect: Rect): Point {
  return { x: rect.x + rect.w / 2, y: rect.y + rect.h / 2 };
}
