/** Where a card that is let go comes to rest: on the map's raster, not on another card. */
import { CARD, type Point, type Rect } from "@/scene/geometry";
import type { Scene } from "@/scene/scene";

const RASTER = 8;
const GAP = 8;

export function snap(at: Point): Rect {
  return {
    x: Math.round(at.x / RASTER) * RASTER,
    y: Math.round(at.y / RASTER) * RASTER,
    w: CARD.w,
    h: CARD.h,
  };
}

/** The nearest free place to where it was let go, looked for in growing rings. */
export function settle(scene: Scene, node: number, at: Point): Rect {
  const wanted = snap(at);
  if (free(scene, node, wanted)) return wanted;
  for (let ring = 1; ring <= 40; ring++) {
    const d = ring * RASTER * 2;
    for (let k = 0; k < 16; k++) {
      const a = (k / 16) * Math.PI * 2;
      const rect = snap({ x: wanted.x + Math.cos(a) * d, y: wanted.y + Math.sin(a) * d });
      if (free(scene, node, rect)) return rect;
    }
  }
  return wanted;
}

function free(scene: Scene, node: number, rect: Rect): boolean {
  const { deck, shelf, cardX, cardY } = scene.layout;
  const hits = (x: number, y: number, w: number, h: number) =>
    rect.x < x + w + GAP && x < rect.x + rect.w + GAP && rect.y < y + h + GAP && y < rect.y + rect.h + GAP;
  if (hits(deck.x, deck.y, deck.w, deck.h) || hits(shelf.x, shelf.y, shelf.w, shelf.h)) return false;
  for (let i = 0; i < cardX.length; i++) {
    if (i !== node && !Number.isNaN(cardX[i]!) && hits(cardX[i]!, cardY[i]!, CARD.w, CARD.h)) return false;
  }
  return true;
}
