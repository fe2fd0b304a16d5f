/** Which card is at a point, for cards anywhere: a hash of map squares slightly larger than a card. */
import { CARD, type Rect } from "./geometry";

const CELL = 300;

export class CardGrid {
  private squares = new Map<number, number[]>();
  private x: Float64Array = new Float64Array(0);
  private y: Float64Array = new Float64Array(0);

  build(x: Float64Array, y: Float64Array): void {
    this.x = x;
    this.y = y;
    this.squares = new Map();
    for (let i = 0; i < x.length; i++) {
      if (Number.isNaN(x[i]!)) continue;
      const x1 = Math.floor((x[i]! + CARD.w) / CELL);
      const y1 = Math.floor((y[i]! + CARD.h) / CELL);
      for (let cx = Math.floor(x[i]! / CELL); cx <= x1; cx++)
        for (let cy = Math.floor(y[i]! / CELL); cy <= y1; cy++) {
          const k = key(cx, cy);
          const list = this.squares.get(k);
          if (list) list.push(i);
          else this.squares.set(k, [i]);
        }
    }
  }

  /** The topmost card at a point, -1 for none. */
  at(px: number, py: number): number {
    const list = this.squares.get(key(Math.floor(px / CELL), Math.floor(py / CELL)));
    if (!list) return -1;
    for (let k = list.length - 1; k >= 0; k--) {
      const i = list[k]!;
      if (px >= this.x[i]! && py >= this.y[i]! && px < this.x[i]! + CARD.w && py < this.y[i]! + CARD.h)
        return i;
    }
    return -1;
  }

  /** Cards that touch a rectangle, each once. */
  within(rect: Rect, out: number[]): number[] {
    out.length = 0;
    for (let i = 0; i < this.x.length; i++) {
      const x = this.x[i]!;
      const y = this.y[i]!;
      if (x < rect.x + rect.w && y < rect.y + rect.h && x + CARD.w > rect.x && y + CARD.h > rect.y)
        out.push(i);
    }
    return out;
  }
}

function key(cx: number, cy: number): number {
  return (cx + 32768) * 65536 + (cy + 32768);
}
