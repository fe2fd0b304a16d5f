/** Pod tiles drawn once per (state, colour, size) and stamped from then on. */
import type { AnyCanvas, MakeCanvas } from "./bitmaps";
import { type Ctx, drawTile, type TileStyle } from "./glyphs";
import type { CanvasTheme } from "./theme";

const MAX_SPRITES = 600;

export class TileSprites {
  private readonly map = new Map<number, AnyCanvas>();

  constructor(
    private readonly make: MakeCanvas,
    private theme: CanvasTheme,
  ) {}

  setTheme(theme: CanvasTheme): void {
    this.theme = theme;
    this.map.clear();
  }

  style(state: number, color: number): TileStyle {
    const { theme } = this;
    return {
      fill: color >= 0 ? theme.palette[color % theme.palette.length]! : theme.states[state]!,
      glyph: theme.glyph,
      outline: theme.outline,
      surface: theme.card,
    };
  }

  /** Stamp a tile of `size` whole device pixels at whole device pixels. `color` < 0: the state's own. */
  stamp(ctx: Ctx, state: number, color: number, x: number, y: number, size: number): void {
    const key = (size * 16 + state) * 16 + color + 1;
    let sprite = this.map.get(key);
    if (!sprite) {
      if (this.map.size >= MAX_SPRITES) this.map.clear();
      sprite = this.make(size + 2, size + 2);
      const target = sprite.getContext("2d") as Ctx;
      drawTile(target, state, 1, 1, size, this.style(state, color));
      this.map.set(key, sprite);
    }
    ctx.drawImage(sprite, x - 1, y - 1);
  }
}
