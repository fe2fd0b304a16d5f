/**
 * The retained layer: cards, deck, shelf, lane.
 *
 * While the camera moves every visible card is stamped from its bitmap; while it is still, only what changed is painted
 * (a pod's cell, a card's top, a region). Bitmaps are built for at most a few milliseconds a frame; until its turn
 * comes a card is shown as it was.
 */

import { type Camera, type Viewport, visible } from "@/scene/camera";
import { CARD, inflate, intersects, type Rect } from "@/scene/geometry";
import type { LaneItem } from "@/scene/layout";
import { type Lod, lodOf } from "@/scene/lod";
import type { SceneDiff } from "@/scene/scene";
import { type AnyCanvas, type Bitmap, BitmapCache, type MakeCanvas } from "./bitmaps";
import { barsBand, clearCell, MARGIN, moodOf, paintCard, paintTop } from "./card";
import { paintDeck } from "./deck";
import type { Ctx } from "./glyphs";
import { Overview } from "./overview";
import { paintGhost, paintLaneLabel, paintService, paintShelf, paintWorkload, paintZone } from "./places";
import { paintPod } from "./pod";
import type { Pen, View } from "./view";

const BUDGET_MS = 4;
/** How often the overview takes up changes while the camera moves. */
const MOVING_FLUSH_MS = 100;

export class BaseLayer {
  camera: Camera = { x: 0, y: 0, z: 1 };
  view!: View;
  private size: Viewport = { w: 0, h: 0 };
  private dpr = 1;
  private readonly cache: BitmapCache;
  private readonly overview: Overview;
  private full = true;
  private readonly regions: Rect[] = [];
  private readonly staleCards = new Set<number>();
  private readonly dirtyCells = new Set<number>();
  private readonly dirtyHoles: number[] = [];
  private readonly dirtyTops = new Set<number>();
  private readonly signature = new Map<number, string>();
  private readonly near: number[] = [];
  private frame = 0;
  private moving = false;
  private lastFlush = 0;
  private unfinished = false;
  builds = 0;

  constructor(
    private readonly ctx: Ctx,
    make: MakeCanvas,
    private readonly clock: () => number,
  ) {
    this.cache = new BitmapCache(make);
    this.overview = new Overview(make);
  }

  resize(size: Viewport, dpr: number): void {
    this.size = size;
    if (dpr !== this.dpr) this.overview.stale = true;
    this.dpr = dpr;
    this.full = true;
  }

  setCamera(camera: Camera): void {
    if (camera.x === this.camera.x && camera.y === this.camera.y && camera.z === this.camera.z) return;
    this.camera = camera;
    this.full = true;
  }

  /** The camera came to rest: bitmaps may be rebuilt at its exact scale. */
  setMoving(moving: boolean): void {
    if (this.moving && !moving) this.full = true;
    this.moving = moving;
  }

  invalidateAll(): void {
    this.cache.invalidateAll();
    this.overview.stale = true;
    this.signature.clear();
    this.full = true;
  }

  /** Theme or font changed: nothing drawn before is of use. */
  forget(): void {
    this.cache.clear();
    this.overview.stale = true;
    this.full = true;
  }

  applyDelta(diff: SceneDiff): void {
    if (diff.layout) {
      this.invalidateAll();
      this.dirtyCells.clear();
      this.dirtyHoles.length = 0;
      this.dirtyTops.clear();
      return;
    }
    const { scene } = this.view;
    for (let i = 0; i < diff.holes.length; i += 2) {
      this.dirtyHoles.push(diff.holes[i]!, diff.holes[i + 1]!);
      this.dirtyTops.add(diff.holes[i]!);
    }
    for (const pod of diff.cells) this.repaintPod(pod);
    for (const t of diff.transitions) {
      const node = scene.slots.node(t.pod);
      if (t.kind !== "leave" && node >= 0) this.dirtyTops.add(node);
    }
    for (const card of diff.cards) {
      const signature = this.signatureOf(card);
      if (signature === this.signature.get(card)) this.dirtyTops.add(card);
      else {
        this.signature.set(card, signature);
        this.staleCards.add(card);
      }
    }
    if (diff.shelf) this.regions.push(inflate(scene.layout.shelf, 2));
    if (diff.deck) this.regions.push(inflate(scene.layout.deck, 1));
    if (diff.lane) {
      for (const item of scene.layout.lane) {
        const key = laneKey(item);
        const now = this.laneSignature(item);
        if (this.laneSignatures.get(key) === now) continue;
        this.laneSignatures.set(key, now);
        this.cache.invalidate(key);
        this.regions.push(inflate(item.rect, 4));
      }
    }
  }

  /** A card as it was painted last, for carrying it about. */
  picture(node: number): { canvas: AnyCanvas; scale: number; margin: number } | null {
    const bitmap = this.cache.get(cardKey(node));
    return bitmap
      ? { canvas: bitmap.canvas, scale: bitmap.scale, margin: Math.round(MARGIN * bitmap.scale) }
      : null;
  }

  repaintPod(pod: number): void {
    if (this.view.scene.slots.node(pod) >= 0) this.dirtyCells.add(pod);
    else this.regions.push(inflate(this.view.scene.layout.shelf, 2));
  }

  get dirty(): boolean {
    return (
      this.full ||
      this.unfinished ||
      this.regions.length > 0 ||
      this.staleCards.size > 0 ||
      this.dirtyCells.size > 0 ||
      this.dirtyHoles.length > 0 ||
      this.dirtyTops.size > 0
    );
  }

  paint(): void {
    if (!this.dirty) return;
    this.frame++;
    const started = this.clock();
    const deadline = started + BUDGET_MS;
    this.unfinished = false;
    if (lodOf(this.camera.z) === "overview") this.paintOverviewFrame(started);
    else this.paintCardsFrame(deadline);
  }

  // --- near: cards from bitmaps

  private paintCardsFrame(deadline: number): void {
    const s = this.camera.z * this.dpr;
    const lod = lodOf(this.camera.z);
    // The overview is out of use; what it would show must be rebuilt when it is needed again.
    if (this.dirtyCells.size || this.dirtyHoles.length || this.staleCards.size || this.dirtyTops.size) {
      this.overview.stale = true;
    }
    for (const card of this.staleCards) {
      this.cache.invalidate(cardKey(card));
      const rect = this.view.scene.nodeRect(card);
      if (rect) this.regions.push(inflate(rect, MARGIN));
    }
    this.staleCards.clear();
    this.updateCells(s, lod);
    if (this.full) {
      this.full = false;
      this.regions.length = 0;
      this.paintWorld(null, s, lod, deadline);
      return;
    }
    const screen = visible(this.camera, this.size);
    const regions = mergeRegions(this.regions.filter(r => intersects(r, screen)));
    this.regions.length = 0;
    // The newest first: what people just caused comes before cards that wait for a sharper bitmap.
    for (let i = regions.length - 1; i >= 0; i--) {
      if (this.clock() > deadline) {
        this.regions.push(...regions.slice(0, i + 1));
        this.unfinished = true;
        return;
      }
      this.paintWorld(regions[i]!, s, lod, deadline);
    }
  }

  /** Pods and tops that changed are painted into their card's bitmap, and from there onto the screen. */
  private updateCells(s: number, lod: Lod): void {
    const { view, ctx } = this;
    const { scene } = view;
    const m = Math.round(MARGIN * s);
    const pen = ({ ctx }: Bitmap): Pen => ({ ctx, view, s, ox: m, oy: m, lod });
    const blit = !this.full;
    const copy = (bitmap: Bitmap, node: number, r: Rect) => {
      if (!blit) return;
      const at = this.cardOrigin(node, s);
      ctx.drawImage(bitmap.canvas, r.x, r.y, r.w, r.h, at.x - m + r.x, at.y - m + r.y, r.w, r.h);
    };
    for (let i = 0; i < this.dirtyHoles.length; i += 2) {
      const node = this.dirtyHoles[i]!;
      const slot = this.dirtyHoles[i + 1]!;
      const row = scene.model.nodes.at(node);
      const bitmap = this.exact(node, s);
      if (!row || !bitmap || slot < 0 || slot >= scene.density.capacity) continue;
      if (scene.slots.podAt(node, slot) >= 0) continue;
      copy(bitmap, node, clearCell(pen(bitmap), row, slot));
    }
    this.dirtyHoles.length = 0;
    for (const pod of this.dirtyCells) {
      const node = scene.slots.node(pod);
      const slot = scene.slots.slot(pod);
      const row = node >= 0 ? scene.model.nodes.at(node) : undefined;
      const bitmap = node >= 0 ? this.exact(node, s) : undefined;
      if (!row || !bitmap || slot < 0 || slot >= scene.density.capacity) continue;
      const rect = clearCell(pen(bitmap), row, slot);
      if (!view.hidden.has(pod)) paintPod(pen(bitmap), pod, slot);
      copy(bitmap, node, rect);
    }
    this.dirtyCells.clear();
    for (const node of this.dirtyTops) {
      const row = scene.model.nodes.at(node);
      const bitmap = row ? this.exact(node, s) : undefined;
      if (!row || !bitmap) continue;
      if (moodOf(row) !== "ready" || row.cordoned) {
        bitmap.stale = true;
        this.regions.push(inflate(scene.nodeRect(node)!, MARGIN));
        continue;
      }
      const band = barsBand(s);
      const inset = Math.round(CARD.radius * s);
      const top = Math.round(8 * s);
      const area = {
        x: m + Math.ceil(2 * s),
        y: m + top,
        w: Math.round((CARD.w - 4) * s),
        h: band.y + band.h - top,
      };
      bitmap.ctx.fillStyle = view.theme.card;
      bitmap.ctx.fillRect(m + inset, area.y, Math.round(CARD.w * s) - 2 * inset, area.h);
      paintTop(pen(bitmap), node, row);
      copy(bitmap, node, area);
    }
    this.dirtyTops.clear();
  }

  private exact(node: number, s: number): Bitmap | undefined {
    const bitmap = this.cache.get(cardKey(node));
    if (!bitmap || bitmap.stale) return undefined;
    if (Math.abs(bitmap.scale - s) > 1e-6) {
      bitmap.stale = true;
      return undefined;
    }
    return bitmap;
  }

  private cardOrigin(node: number, s: number): { x: number; y: number } {
    const { cardX, cardY } = this.view.scene.layout;
    return {
      x: Math.round((cardX[node]! - this.camera.x) * s),
      y: Math.round((cardY[node]! - this.camera.y) * s),
    };
  }

  /** Paint everything, or what lies in a region of the world. */
  private paintWorld(region: Rect | null, s: number, lod: Lod, deadline: number): void {
    const { ctx, view } = this;
    const area = region ?? visible(this.camera, this.size);
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (region) {
      const x = Math.floor((region.x - this.camera.x) * s) - 1;
      const y = Math.floor((region.y - this.camera.y) * s) - 1;
      ctx.beginPath();
      ctx.rect(x, y, Math.ceil(region.w * s) + 2, Math.ceil(region.h * s) + 2);
      ctx.clip();
      ctx.fillStyle = view.theme.canvas;
      ctx.fillRect(x, y, Math.ceil(region.w * s) + 2, Math.ceil(region.h * s) + 2);
    } else {
      ctx.fillStyle = view.theme.canvas;
      ctx.fillRect(0, 0, Math.ceil(this.size.w * this.dpr), Math.ceil(this.size.h * this.dpr));
    }
    this.paintGround(area, s, lod, deadline);
    view.scene.grid.within(inflate(area, MARGIN), this.near);
    for (const node of this.near) this.paintCardBitmap(node, s, lod, deadline);
    ctx.restore();
  }

  /** Zones, deck, shelf, lane. */
  private paintGround(area: Rect, s: number, lod: Lod, deadline: number): void {
    const { ctx, view, camera } = this;
    const { layout } = view.scene;
    const world = () => ctx.setTransform(s, 0, 0, s, -camera.x * s, -camera.y * s);
    world();
    for (const zone of layout.zones)
      if (intersects(inflate(zone.rect, 2), area)) paintZone(ctx, view, zone, camera.z);
    if (intersects(layout.deck, area) || intersects(inflate(layout.deck, 20), area)) {
      paintDeck(ctx, view, camera.z * layout.scale > 0.3 && view.labels);
    }
    if (layout.ghost && intersects(layout.ghost, area)) paintGhost(ctx, view, layout.ghost);
    if (camera.z * layout.laneScale > 0.3 && view.labels) {
      for (const label of layout.laneLabels) {
        if (intersects(label.rect, area)) paintLaneLabel(ctx, view, label.text, label.level, label.rect);
      }
    }
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (intersects(layout.shelf, area)) {
      const x = Math.round((layout.shelf.x - camera.x) * s);
      const y = Math.round((layout.shelf.y - camera.y) * s);
      paintShelf(ctx, view, s, x, y, lod);
    }
    for (const item of layout.lane) {
      if (intersects(inflate(item.rect, 4), area)) this.paintLaneBitmap(item, s, deadline);
    }
  }

  private paintCardBitmap(node: number, s: number, lod: Lod, deadline: number): void {
    const { ctx, view } = this;
    const row = view.scene.model.nodes.at(node);
    if (!row) return;
    const key = cardKey(node);
    let bitmap = this.cache.get(key);
    const m = Math.round(MARGIN * s);
    const wrongScale = bitmap !== undefined && Math.abs(bitmap.scale - s) > 1e-6;
    const wanted = !bitmap || bitmap.stale || (wrongScale && !this.moving);
    if (wanted) {
      if (this.clock() < deadline) {
        bitmap = this.cache.prepare(
          key,
          Math.ceil(CARD.w * s) + 2 * m,
          Math.ceil(CARD.h * s) + 2 * m,
          s,
          this.frame,
        );
        paintCard({ ctx: bitmap.ctx, view, s, ox: m, oy: m, lod }, node, row);
        this.signature.set(node, this.signatureOf(node));
        this.builds++;
      } else {
        this.unfinished = true;
        this.regions.push(inflate(view.scene.nodeRect(node)!, MARGIN));
      }
    }
    const at = this.cardOrigin(node, s);
    if (!bitmap) {
      const rect = view.scene.nodeRect(node)!;
      ctx.fillStyle = view.theme.card;
      ctx.fillRect(at.x, at.y, Math.round(CARD.w * s), Math.round(CARD.h * s));
      this.overview.drawPart(ctx, this.camera, s, rect);
      return;
    }
    bitmap.used = this.frame;
    if (Math.abs(bitmap.scale - s) < 1e-6) {
      ctx.drawImage(bitmap.canvas, at.x - m, at.y - m);
    } else {
      const k = s / bitmap.scale;
      const margin = Math.round(MARGIN * bitmap.scale) * k;
      ctx.drawImage(
        bitmap.canvas,
        at.x - margin,
        at.y - margin,
        bitmap.canvas.width * k,
        bitmap.canvas.height * k,
      );
    }
  }

  private readonly laneSignatures = new Map<string, string>();

  private laneSignature(item: LaneItem): string {
    const { model } = this.view.scene;
    if (item.kind === "workload") {
      const w = model.workloads.get(item.id);
      return w ? `${w.name}|${w.ready}|${w.desired}|${w.updated}` : "";
    }
    const svc = model.services.get(item.id);
    return svc ? `${svc.name}|${svc.type}|${svc.ports}|${svc.endpoints}|${svc.selector ? 1 : 0}` : "";
  }

  private paintLaneBitmap(item: LaneItem, s: number, deadline: number): void {
    const { ctx, view } = this;
    const { model } = view.scene;
    const key = laneKey(item);
    const k = view.scene.layout.laneScale;
    const m = Math.round(4 * s);
    const w = Math.round(item.rect.w * s);
    const h = Math.round(item.rect.h * s);
    let bitmap = this.cache.get(key);
    const wrongScale = bitmap !== undefined && Math.abs(bitmap.scale - s) > 1e-6;
    if (!bitmap || bitmap.stale || (wrongScale && !this.moving)) {
      if (this.clock() < deadline) {
        bitmap = this.cache.prepare(key, w + 2 * m, h + 2 * m, s, this.frame);
        const plate = { ctx: bitmap.ctx, view, s: s * k, ox: m, oy: m, width: w, height: h };
        if (item.kind === "workload") {
          const row = model.workloads.get(item.id);
          if (row) paintWorkload(plate, row);
        } else {
          const row = model.services.get(item.id);
          if (row) paintService(plate, row);
        }
        this.laneSignatures.set(key, this.laneSignature(item));
      } else {
        this.unfinished = true;
        this.regions.push(inflate(item.rect, 4));
      }
    }
    if (!bitmap) return;
    bitmap.used = this.frame;
    const x = Math.round((item.rect.x - this.camera.x) * s);
    const y = Math.round((item.rect.y - this.camera.y) * s);
    const grow = s / bitmap.scale;
    ctx.drawImage(bitmap.canvas, x - m, y - m, bitmap.canvas.width * grow, bitmap.canvas.height * grow);
  }

  // --- far: the overview bitmap

  private paintOverviewFrame(now: number): void {
    const { view, ctx } = this;
    const s = this.camera.z * this.dpr;
    const settled = !this.moving && Math.abs(this.overview.scale - s) > 1e-6;
    if (this.overview.stale || settled) {
      if (!this.moving || this.overview.stale) {
        this.overview.build(view, s);
        this.full = true;
      }
    }
    const touched: Rect[] = [];
    const dirty =
      this.dirtyCells.size + this.dirtyHoles.length + this.dirtyTops.size + this.staleCards.size > 0;
    if (dirty && this.moving && now - this.lastFlush < MOVING_FLUSH_MS) {
      this.unfinished = true;
    } else if (dirty) {
      this.lastFlush = now;
      this.flushOverview(touched);
    }
    if (this.full) {
      this.full = false;
      this.regions.length = 0;
      this.paintFar(null, s);
      return;
    }
    const screen = visible(this.camera, this.size);
    const regions = this.regions.filter(r => intersects(r, screen));
    this.regions.length = 0;
    for (const region of mergeRegions(regions)) this.paintFar(region, s);
    // Cards lie on plain zones: their pixels can be copied without painting what is below.
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (touched.length > 400) this.overview.draw(ctx, this.camera, s);
    else for (const rect of touched) this.copyPart(rect, s);
  }

  private flushOverview(touched: Rect[]): void {
    const { view, overview } = this;
    for (const card of this.staleCards) {
      overview.card(view, card);
      const rect = view.scene.nodeRect(card);
      if (rect) touched.push(inflate(rect, MARGIN));
    }
    for (let i = 0; i < this.dirtyHoles.length; i += 2) {
      const node = this.dirtyHoles[i]!;
      const slot = this.dirtyHoles[i + 1]!;
      if (view.scene.slots.podAt(node, slot) >= 0) continue;
      const rect = overview.hole(view, node, slot);
      if (rect) touched.push(rect);
    }
    for (const pod of this.dirtyCells) {
      const rect = view.hidden.has(pod) ? null : overview.pod(view, pod, true);
      if (rect) touched.push(rect);
    }
    for (const node of this.dirtyTops) {
      overview.top(view, node);
      const rect = view.scene.nodeRect(node);
      if (rect) touched.push({ ...rect, h: CARD.gridY - 8 });
    }
    for (const card of this.staleCards) this.cache.invalidate(cardKey(card));
    for (const node of this.dirtyTops) this.cache.invalidate(cardKey(node));
    for (const pod of this.dirtyCells) this.cache.invalidate(cardKey(view.scene.slots.node(pod)));
    this.staleCards.clear();
    this.dirtyHoles.length = 0;
    this.dirtyCells.clear();
    this.dirtyTops.clear();
  }

  /** Copy a small part of the overview bitmap onto the screen, at whole pixels. */
  private copyPart(rect: Rect, s: number): void {
    if (Math.abs(this.overview.scale - s) > 1e-6) {
      this.overview.drawPart(this.ctx, this.camera, s, rect);
      return;
    }
    const { area } = this.overview;
    const ox = Math.round((area.x - this.camera.x) * s);
    const oy = Math.round((area.y - this.camera.y) * s);
    const x = Math.floor((rect.x - area.x) * s);
    const y = Math.floor((rect.y - area.y) * s);
    const w = Math.ceil(rect.w * s) + 1;
    const h = Math.ceil(rect.h * s) + 1;
    this.overview.copy(this.ctx, x, y, w, h, ox + x, oy + y);
  }

  private paintFar(region: Rect | null, s: number): void {
    const { ctx, view } = this;
    const area = region ?? visible(this.camera, this.size);
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    const x = region ? Math.floor((region.x - this.camera.x) * s) - 1 : 0;
    const y = region ? Math.floor((region.y - this.camera.y) * s) - 1 : 0;
    const w = region ? Math.ceil(region.w * s) + 2 : Math.ceil(this.size.w * this.dpr);
    const h = region ? Math.ceil(region.h * s) + 2 : Math.ceil(this.size.h * this.dpr);
    ctx.beginPath();
    ctx.rect(x, y, w, h);
    ctx.clip();
    ctx.fillStyle = view.theme.canvas;
    ctx.fillRect(x, y, w, h);
    this.paintGround(area, s, "overview", this.clock() + BUDGET_MS);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    this.overview.draw(ctx, this.camera, s);
    ctx.restore();
  }

  private signatureOf(index: number): string {
    const n = this.view.scene.model.nodes.at(index);
    if (!n) return "";
    return `${n.name}|${n.ready}|${n.cordoned}|${n.power}|${n.kubelet}|${n.deleting}|${n.taints}|${n.pressure}|${n.slots}`;
  }
}

function cardKey(node: number): string {
  return `n${node}`;
}

function laneKey(item: LaneItem): string {
  return `${item.kind === "workload" ? "w" : "s"}:${item.id}`;
}

/** Regions that overlap become one; more than a dozen become their hull. */
function mergeRegions(regions: Rect[]): Rect[] {
  const merged: Rect[] = [];
  for (const region of regions) {
    const i = merged.findIndex(m => intersects(m, region));
    if (i < 0) merged.push({ ...region });
    else {
      const m = merged[i]!;
      const x = Math.min(m.x, region.x);
      const y = Math.min(m.y, region.y);
      const x1 = Math.max(m.x + m.w, region.x + region.w);
      const y1 = Math.max(m.y + m.h, region.y + region.h);
      merged[i] = { x, y, w: x1 - x, h: y1 - y };
    }
  }
  return merged;
}
