/**
 * The map as geometry: takes the model's changes, keeps places, and says what must be drawn anew.
 *
 * Knows nothing of pixels, DOM or time. The renderer consumes `SceneDiff`s; tools ask `hit`.
 */
import type { Changes } from "@/store/changes";
import type { Model } from "@/store/model";
import { cellRect, chooseDensity, DENSITIES, type Density, slotAt } from "./density";
import { CARD, center, contains, type Point, type Rect } from "./geometry";
import { CardGrid } from "./grid";
import { type DockItem, type LaneItem, type Layout, layout } from "./layout";
import { groupPending, layShelf, type ShelfGroup, type ShelfLayout, shelfCell } from "./shelf";
import { Slots } from "./slots";

export type Hit =
  | { kind: "pod"; pod: number; node: number }
  | { kind: "node"; node: number; part: "header" | "body" }
  | { kind: "component"; item: DockItem }
  | { kind: "workload"; id: string; edge: boolean }
  | { kind: "service"; id: string }
  | { kind: "group"; group: ShelfGroup }
  | { kind: "ghost" }
  | { kind: "none" };

/** Width of the edge by which a workload is scaled, world units. */
const EDGE = 14;

/** A pod that came, went or changed place; rectangles are world units. */
export interface Transition {
  kind: "enter" | "move" | "leave";
  pod: number;
  from: Rect | null;
  to: Rect | null;
  /** drawn state, for a pod that is no longer there */
  state: number;
}

export interface SceneDiff {
  /** places changed: everything is drawn anew */
  layout: boolean;
  /** cards to be drawn whole */
  cards: number[];
  /** pods to be redrawn in place */
  cells: number[];
  /** vacated cells: [node, slot, node, slot, ...] */
  holes: number[];
  shelf: boolean;
  deck: boolean;
  lane: boolean;
  transitions: Transition[];
}

export class Scene {
  readonly slots = new Slots();
  readonly grid = new CardGrid();
  layout: Layout;
  shelf: ShelfLayout;
  moved = new Map<string, Point>();
  private densityIndex = 0;
  private readonly pending = new Set<number>();
  private readonly shelfPlace = new Map<number, Rect>();

  constructor(readonly model: Model) {
    this.layout = this.computeLayout();
    this.shelf = layShelf(this.layout.shelf, [], this.layout.scale);
  }

  get density(): Density {
    return DENSITIES[this.densityIndex]!;
  }

  apply(changes: Changes): SceneDiff {
    return changes.reset ? this.reset() : this.update(changes);
  }

  /** Cards were moved by a person (or tidied): lay out again. */
  relayout(): SceneDiff {
    this.refreshLayout();
    return whole();
  }

  nodeRect(node: number): Rect | null {
    const x = this.layout.cardX[node];
    const y = this.layout.cardY[node];
    if (x === undefined || y === undefined || Number.isNaN(x)) return null;
    return { x, y, w: CARD.w, h: CARD.h };
  }

  /** Where a pod is drawn; null if it has no place or its card is full. */
  podRect(pod: number): Rect | null {
    const node = this.slots.node(pod);
    if (node < 0) return this.shelfPlace.get(pod) ?? null;
    const slot = this.slots.slot(pod);
    const card = this.nodeRect(node);
    if (!card || slot < 0 || slot >= this.density.capacity) return null;
    return cellRect(this.density, slot, card.x, card.y);
  }

  apiHub(): Point {
    return center(this.layout.docks[0]!.rect);
  }

  dock(name: string): DockItem | undefined {
    return this.layout.docks.find(item => item.name === name);
  }

  laneItem(id: string): LaneItem | undefined {
    return this.layout.lane.find(item => item.id === id);
  }

  /** The rectangle of any object by its id, whatever it is. */
  rectOf(id: string): Rect | null {
    const pod = this.model.pods.index.get(id);
    if (pod !== undefined) return this.podRect(pod);
    const node = this.model.nodes.index.get(id);
    if (node !== undefined) return this.nodeRect(node);
    const lane = this.laneItem(id);
    if (lane) return lane.rect;
    const dock = this.layout.docks.find(item => item.name === id || item.instances.some(c => c.id === id));
    return dock?.rect ?? null;
  }

  hit(x: number, y: number): Hit {
    const node = this.grid.at(x, y);
    if (node >= 0) {
      const rect = this.nodeRect(node)!;
      const slot = slotAt(this.density, x - rect.x, y - rect.y);
      const pod = slot >= 0 ? this.slots.podAt(node, slot) : -1;
      if (pod >= 0) return { kind: "pod", pod, node };
      return { kind: "node", node, part: y < rect.y + CARD.barsY - 6 ? "header" : "body" };
    }
    if (contains(this.layout.shelf, x, y)) {
      for (const group of this.shelf.groups) {
        if (!contains(group.rect, x, y)) continue;
        for (let i = 0; i < group.shown; i++) {
          if (contains(shelfCell(this.shelf, group, i), x, y))
            return { kind: "pod", pod: group.pods[i]!, node: -1 };
        }
        return { kind: "group", group };
      }
      return { kind: "none" };
    }
    for (const item of this.layout.docks) if (contains(item.rect, x, y)) return { kind: "component", item };
    for (const item of this.layout.lane) {
      if (!contains(item.rect, x, y)) continue;
      if (item.kind === "service") return { kind: "service", id: item.id };
      const edge = x > item.rect.x + item.rect.w - EDGE * this.layout.laneScale;
      return { kind: "workload", id: item.id, edge };
    }
    if (this.layout.ghost && contains(this.layout.ghost, x, y)) return { kind: "ghost" };
    return { kind: "none" };
  }

  private reset(): SceneDiff {
    const { pods } = this.model;
    this.pending.clear();
    // Slots are kept for pods that stayed, so that a reconnect does not shuffle the cards.
    for (let i = 0; i < pods.end; i++) {
      const node = pods.alive[i] ? pods.node[i]! : -1;
      this.slots.place(i, node);
      if (pods.alive[i] && node < 0) this.pending.add(i);
    }
    this.settleDensity(true);
    this.refreshLayout();
    this.refreshShelf();
    return whole();
  }

  private update(changes: Changes): SceneDiff {
    const { pods } = this.model;
    const diff: SceneDiff = {
      layout: false,
      cards: [],
      cells: [],
      holes: [],
      shelf: false,
      deck: changes.tables.has("components"),
      lane: changes.tables.has("workloads") || changes.tables.has("services"),
      transitions: [],
    };
    for (const pod of changes.podsRemoved) {
      diff.transitions.push({
        kind: "leave",
        pod,
        from: this.podRect(pod),
        to: null,
        state: pods.state[pod]!,
      });
      this.vacate(pod, diff);
      this.slots.place(pod, -1);
      if (this.pending.delete(pod)) diff.shelf = true;
    }
    for (const { pod } of changes.podsMoved) {
      if (!pods.alive[pod]) continue;
      diff.transitions.push({
        kind: "move",
        pod,
        from: this.podRect(pod),
        to: null,
        state: pods.state[pod]!,
      });
      this.vacate(pod, diff);
      this.house(pod, diff);
    }
    for (const pod of changes.podsAdded) {
      diff.transitions.push({ kind: "enter", pod, from: null, to: null, state: pods.state[pod]! });
      this.house(pod, diff);
    }
    for (const pod of changes.podsChanged) {
      if (this.slots.node(pod) >= 0) diff.cells.push(pod);
      else diff.shelf = true;
    }
    diff.cards.push(...changes.nodesChanged);
    const places =
      changes.nodesAdded.length > 0 ||
      changes.nodesRemoved.length > 0 ||
      this.nodesRelocated(changes.nodesChanged);
    if (this.settleDensity(false)) diff.layout = true;
    if (places || this.laneChanged(changes) || this.deckChanged(changes)) {
      this.refreshLayout();
      diff.layout = true;
      diff.shelf = true;
    }
    if (diff.shelf) this.refreshShelf();
    for (const transition of diff.transitions) {
      if (transition.kind !== "leave") transition.to = this.podRect(transition.pod);
    }
    return diff;
  }

  private house(pod: number, diff: SceneDiff): void {
    const node = this.model.pods.node[pod]!;
    this.slots.place(pod, node);
    if (node < 0) {
      this.pending.add(pod);
      diff.shelf = true;
    } else {
      if (this.pending.delete(pod)) diff.shelf = true;
      diff.cells.push(pod);
    }
  }

  private vacate(pod: number, diff: SceneDiff): void {
    const node = this.slots.node(pod);
    if (node >= 0) diff.holes.push(node, this.slots.slot(pod));
    else diff.shelf = true;
  }

  /** Returns whether the density changed. */
  private settleDensity(compact: boolean): boolean {
    const before = this.densityIndex;
    let need = this.slots.need();
    if (need > this.density.capacity || compact || this.slots.mostPods() < need * 0.6) {
      const fits = chooseDensity(this.slots.mostPods(), compact ? 0 : before);
      if (fits < before || need > DENSITIES[fits]!.capacity) {
        if (this.slots.mostPods() <= DENSITIES[fits]!.capacity) {
          this.slots.compact();
          need = this.slots.need();
        }
      }
      this.densityIndex = chooseDensity(need, compact ? 0 : before);
    }
    return this.densityIndex !== before;
  }

  private laneKey = "";
  private deckKey = "";
  private zoneKey = new Map<number, string>();

  private laneChanged(changes: Changes): boolean {
    if (!changes.tables.has("workloads") && !changes.tables.has("services")) return false;
    const key = this.computeLaneKey();
    if (key === this.laneKey) return false;
    this.laneKey = key;
    return true;
  }

  private computeLaneKey(): string {
    const parts: string[] = [];
    for (const w of this.model.workloads.values()) parts.push(`${w.id},${w.owner}`);
    for (const s of this.model.services.values()) parts.push(s.id);
    return parts.join(";");
  }

  private deckChanged(changes: Changes): boolean {
    if (!changes.tables.has("components")) return false;
    const key = [...this.model.components.index.keys()].join(";");
    if (key === this.deckKey) {
      for (const item of this.layout.docks) {
        item.instances = item.instances.map(old => this.model.components.get(old.id) ?? old);
      }
      return false;
    }
    this.deckKey = key;
    return true;
  }

  private nodesRelocated(changed: readonly number[]): boolean {
    return changed.some(i => {
      const node = this.model.nodes.at(i);
      return node !== undefined && this.zoneKey.get(i) !== `${node.role}/${node.zone}`;
    });
  }

  private refreshLayout(): void {
    this.layout = this.computeLayout();
    this.grid.build(this.layout.cardX, this.layout.cardY);
    this.laneKey = this.computeLaneKey();
    this.deckKey = [...this.model.components.index.keys()].join(";");
    this.zoneKey.clear();
    this.model.nodes.rows.forEach((node, i) => {
      if (node) this.zoneKey.set(i, `${node.role}/${node.zone}`);
    });
    this.refreshShelf();
  }

  private refreshShelf(): void {
    this.shelf = layShelf(this.layout.shelf, groupPending(this.model.pods, this.pending), this.layout.scale);
    this.shelfPlace.clear();
    for (const group of this.shelf.groups) {
      for (let i = 0; i < group.shown; i++) {
        this.shelfPlace.set(group.pods[i]!, shelfCell(this.shelf, group, i));
      }
      // Pods without a tile of their own stand for the last tile.
      const last = group.shown > 0 ? shelfCell(this.shelf, group, group.shown - 1) : group.rect;
      for (let i = group.shown; i < group.pods.length; i++) this.shelfPlace.set(group.pods[i]!, last);
    }
  }

  private computeLayout(): Layout {
    const { model } = this;
    return layout({
      nodes: model.nodes.rows,
      components: model.components.list(),
      workloads: model.workloads.list(),
      services: model.services.list(),
      moved: this.moved,
    });
  }
}

function whole(): SceneDiff {
  return {
    layout: true,
    cards: [],
    cells: [],
    holes: [],
    shelf: true,
    deck: true,
    lane: true,
    transitions: [],
  };
}
