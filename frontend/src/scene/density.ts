/**
 * How pods are packed into a node card. One density for the whole map, so that cards stay comparable: chips with names
 * while nodes are nearly empty, squares when they fill up, specks for nodes with hundreds of pods.
 */
import { CARD, type Rect } from "./geometry";

export interface Density {
  name: "chip" | "square" | "small" | "tiny" | "speck";
  cols: number;
  rows: number;
  /** cell size and distance between cells, world units */
  w: number;
  h: number;
  pitchX: number;
  pitchY: number;
  capacity: number;
}

function density(name: Density["name"], cols: number, rows: number, gap: number): Density {
  const w = (CARD.gridW - gap * (cols - 1)) / cols;
  const fill = (CARD.gridH - gap * (rows - 1)) / rows;
  const h = name === "chip" ? fill : Math.min(w, fill);
  const cell = name === "chip" ? w : h;
  return { name, cols, rows, w: cell, h, pitchX: w + gap, pitchY: fill + gap, capacity: cols * rows };
}

export const DENSITIES: readonly Density[] = [
  density("chip", 2, 5, 4),
  density("square", 9, 5, 3),
  density("small", 15, 8, 3),
  density("tiny", 24, 13, 2),
  density("speck", 40, 22, 1),
];

/** The roomiest density that holds `need` pods a node; going back to a roomier one waits until it fits with ease. */
export function chooseDensity(need: number, current: number): number {
  let wanted = DENSITIES.length - 1;
  for (let i = 0; i < DENSITIES.length; i++) {
    if (need <= DENSITIES[i]!.capacity) {
      wanted = i;
      break;
    }
  }
  if (wanted >= current) return wanted;
  for (let i = wanted; i < current; i++) if (need <= DENSITIES[i]!.capacity * 0.8) return i;
  return current;
}

export function cellRect(d: Density, slot: number, cardX: number, cardY: number): Rect {
  const col = slot % d.cols;
  const row = (slot / d.cols) | 0;
  return {
    x: cardX + CARD.pad + col * d.pitchX,
    y: cardY + CARD.gridY + row * d.pitchY,
    w: d.w,
    h: d.h,
  };
}

/** Grid arithmetic: which slot is at this point of a card, -1 for none. */
export function slotAt(d: Density, dx: number, dy: number): number {
  const x = dx - CARD.pad;
  const y = dy - CARD.gridY;
  if (x < 0 || y < 0) return -1;
  const col = Math.floor(x / d.pitchX);
  const row = Math.floor(y / d.pitchY);
  if (col >= d.cols || row >= d.rows) return -1;
  if (x - col * d.pitchX > d.w || y - row * d.pitchY > d.h) return -1;
  return row * d.cols + col;
}
