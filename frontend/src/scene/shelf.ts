/** The pending shelf: pods without a node, grouped by why. */
import type { PodTable } from "@/store/pods";
import { type Rect, SHELF } from "./geometry";

export interface ShelfGroup {
  reason: string;
  pods: number[];
  /** how many of them have a tile */
  shown: number;
  rect: Rect;
}

export interface ShelfLayout {
  groups: ShelfGroup[];
  total: number;
  /** chips carry names */
  chips: boolean;
  tileW: number;
  tileH: number;
  gap: number;
}

export const SHELF_TILE = { square: 24, chipW: 154, chipH: 24, gap: 5, rows: 2, groupGap: 18 } as const;

export const NOT_YET = "Waiting for the scheduler";

export function groupPending(
  pods: PodTable,
  pending: Iterable<number>,
): { reason: string; pods: number[] }[] {
  const groups = new Map<string, number[]>();
  for (const pod of pending) {
    const reason = pods.reason[pod] || (pods.nodeName[pod] ? "Node is gone" : NOT_YET);
    const list = groups.get(reason);
    if (list) list.push(pod);
    else groups.set(reason, [pod]);
  }
  return [...groups.entries()]
    .map(([reason, list]) => ({
      reason,
      pods: list.sort((a, b) => pods.created[a]! - pods.created[b]! || a - b),
    }))
    .sort((a, b) => b.pods.length - a.pods.length || (a.reason < b.reason ? -1 : 1));
}

/** Rough width of a group's label, so that labels never overlap. */
export function labelWidth(reason: string, count: number): number {
  return reason.length * 6.1 + String(count).length * 7 + 34;
}

export function layShelf(shelf: Rect, groups: { reason: string; pods: number[] }[], k: number): ShelfLayout {
  const gap = SHELF_TILE.gap * k;
  const groupGap = SHELF_TILE.groupGap * k;
  const total = groups.reduce((sum, g) => sum + g.pods.length, 0);
  const room = shelf.w - 2 * SHELF.pad * k;
  const width = (count: number, tile: number) => Math.ceil(count / SHELF_TILE.rows) * (tile + gap) - gap;
  const natural = (tile: number) =>
    groups.reduce(
      (sum, g) =>
        sum + Math.max(width(g.pods.length, tile), labelWidth(g.reason, g.pods.length) * k) + groupGap,
      0,
    );
  const chips = natural(SHELF_TILE.chipW * k) <= room;
  const tileW = (chips ? SHELF_TILE.chipW : SHELF_TILE.square) * k;
  const needed = natural(tileW);
  const squeeze = needed > room ? room / needed : 1;
  let x = shelf.x + SHELF.pad * k;
  const y = shelf.y + SHELF.header * k;
  const placed = groups.map(group => {
    const wants = Math.max(width(group.pods.length, tileW), labelWidth(group.reason, group.pods.length) * k);
    const w = Math.max(tileW, Math.floor(wants * squeeze));
    const cols = Math.max(1, Math.floor((w + gap) / (tileW + gap)));
    const rect: Rect = { x, y, w, h: shelf.h - (SHELF.header + 6) * k };
    x += w + groupGap;
    return { ...group, shown: Math.min(group.pods.length, cols * SHELF_TILE.rows), rect };
  });
  return {
    groups: placed,
    total,
    chips,
    tileW,
    tileH: (chips ? SHELF_TILE.chipH : SHELF_TILE.square) * k,
    gap,
  };
}

export function shelfCell(layout: ShelfLayout, group: ShelfGroup, index: number): Rect {
  const col = Math.floor(index / SHELF_TILE.rows);
  const row = index % SHELF_TILE.rows;
  return {
    x: group.rect.x + col * (layout.tileW + layout.gap),
    y: group.rect.y + row * (layout.tileH + layout.gap),
    w: layout.tileW,
    h: layout.tileH,
  };
}
