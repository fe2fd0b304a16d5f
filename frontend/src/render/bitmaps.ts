/** Bitmaps of drawn things, reused between frames; the least recently shown go first when memory runs short. */
import type { Ctx } from "./glyphs";

export type AnyCanvas = HTMLCanvasElement | OffscreenCanvas;
export type MakeCanvas = (w: number, h: number) => AnyCanvas;

export interface Bitmap {
  canvas: AnyCanvas;
  ctx: Ctx;
  /** device pixels per world unit it was drawn at */
  scale: number;
  /** what it shows is out of date; still good enough for a frame or two */
  stale: boolean;
  used: number;
}

export class BitmapCache {
  private readonly map = new Map<string, Bitmap>();
  private pixels = 0;

  constructor(
    private readonly make: MakeCanvas,
    private readonly budget = 24_000_000,
  ) {}

  get(key: string): Bitmap | undefined {
    return this.map.get(key);
  }

  /** A bitmap of w × h device pixels under this key, cleared, reusing the canvas if it fits. */
  prepare(key: string, w: number, h: number, scale: number, frame: number): Bitmap {
    let bitmap = this.map.get(key);
    if (bitmap && (bitmap.canvas.width !== w || bitmap.canvas.height !== h)) {
      this.drop(key);
      bitmap = undefined;
    }
    if (!bitmap) {
      this.makeRoom(w * h, frame);
      const canvas = this.make(w, h);
      bitmap = { canvas, ctx: canvas.getContext("2d") as Ctx, scale, stale: false, used: frame };
      this.map.set(key, bitmap);
      this.pixels += w * h;
    } else {
      bitmap.ctx.setTransform(1, 0, 0, 1, 0, 0);
      bitmap.ctx.clearRect(0, 0, w, h);
    }
    bitmap.scale = scale;
    bitmap.stale = false;
    bitmap.used = frame;
    return bitmap;
  }

  invalidate(key: string): void {
    const bitmap = this.map.get(key);
    if (bitmap) bitmap.stale = true;
  }

  invalidateAll(): void {
    for (const bitmap of this.map.values()) bitmap.stale = true;
  }

  drop(key: string): void {
    const bitmap = this.map.get(key);
    if (!bitmap) return;
    this.pixels -= bitmap.canvas.width * bitmap.canvas.height;
    bitmap.canvas.width = 0;
    this.map.delete(key);
  }

  clear(): void {
    for (const key of [...this.map.keys()]) this.drop(key);
  }

  private makeRoom(needed: number, frame: number): void {
    if (this.pixels + needed <= this.budget) return;
    const oldest = [...this.map.entries()]
      .filter(([, b]) => b.used < frame)
      .sort((a, b) => a[1].used - b[1].used);
    for (const [key] of oldest) {
      if (this.pixels + needed <= this.budget * 0.8) return;
      this.drop(key);
    }
  }
}
