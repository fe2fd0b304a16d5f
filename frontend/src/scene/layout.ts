/**
 * Where everything stands: control-plane deck on top, pending shelf under it, zones with node cards below, the lane of
 * workloads and services at the left. Pure: rows in, rectangles out.
 */
import type { ClusterComponent, Node, Service, Workload } from "@/protocol/rows";
import { CARD, DECK, GAP, LANE, MAIN_MIN_W, type Point, type Rect, SHELF, union, ZONE } from "./geometry";

export interface ZoneBox {
  name: string;
  /** "" for a plain zone */
  kind: "zone" | "control-plane";
  rect: Rect;
  nodes: number[];
}

export interface DockItem {
  /** name shared by the instances */
  name: string;
  kind: "apiserver" | "etcd" | "scheduler" | "manager" | "controller";
  rect: Rect;
  instances: ClusterComponent[];
}

export interface LaneItem {
  kind: "workload" | "service";
  id: string;
  rect: Rect;
}

export interface LaneLabel {
  text: string;
  level: "section" | "namespace";
  rect: Rect;
}

export interface Layout {
  bounds: Rect;
  /** deck, shelf and lane grow with the map, so that they can be read when all of it is shown */
  scale: number;
  laneScale: number;
  deck: Rect;
  shelf: Rect;
  zones: ZoneBox[];
  docks: DockItem[];
  /** top-left corner of each node's card by integer id; NaN where there is none */
  cardX: Float64Array;
  cardY: Float64Array;
  lane: LaneItem[];
  laneLabels: LaneLabel[];
  laneRect: Rect;
  /** where the first card would stand */
  ghost: Rect | null;
}

export interface LayoutInput {
  /** by integer id, with holes */
  nodes: readonly (Node | undefined)[];
  components: readonly ClusterComponent[];
  workloads: readonly Workload[];
  services: readonly Service[];
  /** cards that people moved: top-left by node name */
  moved: ReadonlyMap<string, Point>;
}

const CONTROL_PLANE = "Control plane";
const NO_ZONE = "No zone";
/** Width to height of the screen that is planned for: what is left of a laptop's beside rail and bars. */
const ASPECT = 1.85;

export function layout(input: LayoutInput): Layout {
  const groups = groupNodes(input.nodes);
  const lanes = input.workloads.length + input.services.length > 0 ? 1 : 0;
  const plan = planZones(groups, lanes);
  const width = Math.max(plan.width, MAIN_MIN_W);
  const k = scaleFor(width);
  const deck: Rect = { x: 0, y: 0, w: width, h: DECK.h * k };
  const shelf: Rect = { x: 0, y: deck.h + GAP * k, w: width, h: SHELF.h * k };
  const top = shelf.y + shelf.h + GAP * k;
  const cardX = new Float64Array(input.nodes.length).fill(Number.NaN);
  const cardY = new Float64Array(input.nodes.length).fill(Number.NaN);
  const zones: ZoneBox[] = [];
  let bounds = union(deck, shelf);
  for (const { group, rect, cols } of plan.boxes) {
    const box: Rect = { x: rect.x, y: rect.y + top, w: rect.w, h: rect.h };
    let hull: Rect | null = null;
    let anyHome = false;
    group.nodes.forEach((node, i) => {
      const name = input.nodes[node]!.name;
      const moved = input.moved.get(name);
      const x = moved ? moved.x : box.x + ZONE.pad + (i % cols) * (CARD.w + GAP);
      const y = moved ? moved.y : box.y + plan.header + Math.floor(i / cols) * (CARD.h + GAP);
      if (!moved) anyHome = true;
      cardX[node] = x;
      cardY[node] = y;
      hull = union(hull, { x, y, w: CARD.w, h: CARD.h });
    });
    const around: Rect = frame(
      hull ?? { x: box.x + ZONE.pad, y: box.y + plan.header, w: CARD.w, h: CARD.h },
      plan.header,
    );
    const shown = anyHome ? union(box, around) : around;
    zones.push({ name: group.name, kind: group.kind, rect: shown, nodes: group.nodes });
    bounds = union(bounds, shown);
  }
  let ghost: Rect | null = null;
  if (!groups.some(g => g.kind === "zone")) {
    const y = zones.length ? zones[0]!.rect.y + plan.header : top + plan.header;
    const x = zones.length
      ? zones[0]!.rect.x + zones[0]!.rect.w + ZONE.gap + ZONE.pad
      : width / 2 - CARD.w / 2;
    ghost = { x, y, w: CARD.w, h: CARD.h };
    bounds = union(bounds, frame(ghost, plan.header));
  }
  // One column of the lane for as long as the whole keeps a screen's shape.
  const tall = Math.max(bounds.h, (bounds.w + LANE.w) / ASPECT);
  // A long lane is drawn smaller, before it takes the screen from the nodes.
  const laneRoom = Math.max(width * 0.2, LANE.w + LANE.margin);
  let laneScale = k;
  let lane = layLane(input.workloads, input.services, tall, laneScale);
  while (laneScale > 1 && lane.rect.w > laneRoom) {
    laneScale = Math.max(1, laneScale * 0.8);
    lane = layLane(input.workloads, input.services, tall, laneScale);
  }
  return {
    bounds: lane.rect.w > 0 ? union(bounds, lane.rect) : bounds,
    scale: k,
    laneScale,
    deck,
    shelf,
    zones,
    docks: layDeck(deck, input.components, k),
    cardX,
    cardY,
    lane: lane.items,
    laneLabels: lane.labels,
    laneRect: lane.rect,
    ghost,
  };
}

const LARGEST_SCALE = 6;

function scaleFor(width: number): number {
  return Math.min(LARGEST_SCALE, Math.max(1, width / 1500));
}

function frame(cards: Rect, header: number): Rect {
  return {
    x: cards.x - ZONE.pad,
    y: cards.y - header,
    w: cards.w + 2 * ZONE.pad,
    h: cards.h + header + ZONE.pad,
  };
}

interface Group {
  name: string;
  kind: "zone" | "control-plane";
  nodes: number[];
}

/** Names in the order people expect: node-2 before node-10. */
export function naturally(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function groupNodes(nodes: readonly (Node | undefined)[]): Group[] {
  const groups = new Map<string, Group>();
  nodes.forEach((node, i) => {
    if (!node) return;
    const control = node.role === "control-plane";
    const key = control ? CONTROL_PLANE : node.zone || NO_ZONE;
    const group = groups.get(key) ?? { name: key, kind: control ? "control-plane" : "zone", nodes: [] };
    group.nodes.push(i);
    groups.set(key, group);
  });
  const sorted = [...groups.values()].sort((a, b) =>
    a.kind === b.kind ? naturally(a.name, b.name) : a.kind === "control-plane" ? -1 : 1,
  );
  for (const group of sorted) group.nodes.sort((a, b) => naturally(nodes[a]!.name, nodes[b]!.name));
  return sorted;
}

interface Plan {
  width: number;
  height: number;
  header: number;
  boxes: { group: Group; rect: Rect; cols: number }[];
}

/** Try cards per zone row and zones per row; keep what can be shown largest on a screen. */
function planZones(groups: Group[], lanes: number): Plan {
  if (!groups.length) return { width: 0, height: 0, header: ZONE.header, boxes: [] };
  const largest = Math.max(...groups.map(g => g.nodes.length));
  let best: { plan: Plan; across: number; cols: number } | null = null;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let across = 1; across <= groups.length; across++) {
    for (let cols = 1; cols <= Math.min(largest, 40); cols++) {
      const plan = arrange(groups, across, cols, ZONE.header);
      const main = Math.max(plan.width, MAIN_MIN_W);
      const k = scaleFor(main);
      const w = main + lanes * (LANE.w + LANE.margin) * k;
      const h = plan.height + (DECK.h + SHELF.h + 2 * GAP) * k;
      const ragged = groups.length % across === 0 ? 1 : 1.06;
      const score = Math.max(w / ASPECT, h) * ragged;
      if (score < bestScore - 1e-6) {
        bestScore = score;
        best = { plan, across, cols };
      }
    }
  }
  // The header grows with the map as the deck does.
  const k = scaleFor(Math.max(best!.plan.width, MAIN_MIN_W));
  return { ...arrange(groups, best!.across, best!.cols, ZONE.header * k), header: ZONE.header * k };
}

function arrange(groups: Group[], across: number, cols: number, header: number): Plan {
  const boxes: Plan["boxes"] = [];
  let y = 0;
  let width = 0;
  for (let start = 0; start < groups.length; start += across) {
    const row = groups.slice(start, start + across);
    const rows = Math.max(
      1,
      ...row.filter(g => g.kind === "zone").map(g => Math.ceil(g.nodes.length / cols)),
    );
    let x = 0;
    let height = 0;
    const placed: Plan["boxes"] = [];
    for (const group of row) {
      const count = Math.max(1, group.nodes.length);
      const own = group.kind === "control-plane" ? Math.ceil(count / rows) : Math.min(cols, count);
      const w = own * (CARD.w + GAP) - GAP + 2 * ZONE.pad;
      const h = Math.ceil(count / own) * (CARD.h + GAP) - GAP + header + ZONE.pad;
      placed.push({ group, rect: { x, y, w, h }, cols: own });
      x += w + ZONE.gap;
      height = Math.max(height, h);
    }
    for (const box of placed) box.rect.h = height;
    boxes.push(...placed);
    width = Math.max(width, x - ZONE.gap);
    y += height + ZONE.gap;
  }
  return { width, height: y - ZONE.gap, header, boxes };
}

const DOCK = { w: 216, h: 46, gap: 12, chipW: 164, chipH: 28, wire: 64 } as const;
export const HUB_R = 48;
const ETCD_PITCH = 50;

/** etcd, the API server, and what talks to it: from left to right, as the calls go. */
function layDeck(whole: Rect, components: readonly ClusterComponent[], k: number): DockItem[] {
  const byName = new Map<string, ClusterComponent[]>();
  for (const component of components) {
    const list = byName.get(component.name) ?? [];
    list.push(component);
    byName.set(component.name, list);
  }
  for (const list of byName.values()) list.sort((a, b) => naturally(a.node, b.node));
  const take = (name: string) => {
    const list = byName.get(name) ?? [];
    byName.delete(name);
    return list;
  };
  const api = take("kube-apiserver");
  const etcd = take("etcd");
  const scheduler = take("kube-scheduler");
  const manager = take("kube-controller-manager");
  const rest = [...byName.entries()].sort(([a], [b]) => naturally(a, b));
  const perColumn = 3;
  const columns = Math.ceil(rest.length / perColumn);
  const etcdW = Math.max(1, etcd.length) * ETCD_PITCH + 12;
  const restW = columns * (DOCK.chipW + DOCK.gap) + (columns ? 36 - DOCK.gap : 0);
  const width = etcdW + 2 * DOCK.wire + 2 * HUB_R + DOCK.w + restW;
  const left = (whole.w / k - width) / 2;
  const cx = left + etcdW + DOCK.wire + HUB_R;
  const cy = whole.h / k / 2 + 2;
  const right = cx + HUB_R + DOCK.wire;
  const box = (row: number): Rect => ({
    x: right,
    y: cy - DOCK.h - DOCK.gap / 2 + row * (DOCK.h + DOCK.gap),
    w: DOCK.w,
    h: DOCK.h,
  });
  const items: DockItem[] = [
    {
      name: "kube-apiserver",
      kind: "apiserver",
      rect: { x: cx - HUB_R, y: cy - HUB_R, w: 2 * HUB_R, h: 2 * HUB_R },
      instances: api,
    },
    { name: "etcd", kind: "etcd", rect: { x: left, y: cy - 36, w: etcdW, h: 80 }, instances: etcd },
    { name: "kube-scheduler", kind: "scheduler", rect: box(0), instances: scheduler },
    { name: "kube-controller-manager", kind: "manager", rect: box(1), instances: manager },
  ];
  rest.forEach(([name, instances], i) => {
    const col = Math.floor(i / perColumn);
    const inColumn = Math.min(perColumn, rest.length - col * perColumn);
    const tall = inColumn * DOCK.chipH + (inColumn - 1) * 6;
    items.push({
      name,
      kind: "controller",
      rect: {
        x: right + DOCK.w + 36 + col * (DOCK.chipW + DOCK.gap),
        y: cy - tall / 2 + (i % perColumn) * (DOCK.chipH + 6),
        w: DOCK.chipW,
        h: DOCK.chipH,
      },
      instances,
    });
  });
  for (const item of items) {
    const { x, y, w, h } = item.rect;
    item.rect = { x: whole.x + x * k, y: whole.y + y * k, w: w * k, h: h * k };
  }
  return items;
}

/** Systems' own namespaces come last. */
function byNamespace(a: { ns: string; name: string }, b: { ns: string; name: string }): number {
  const system = (ns: string) => (ns === "default" ? 0 : ns.startsWith("kube-") ? 2 : 1);
  return system(a.ns) - system(b.ns) || naturally(a.ns, b.ns) || naturally(a.name, b.name);
}

export function topLevel(workloads: readonly Workload[]): Workload[] {
  const ids = new Set(workloads.map(w => w.id));
  return workloads.filter(w => !w.owner || !ids.has(w.owner));
}

function layLane(
  workloads: readonly Workload[],
  services: readonly Service[],
  height: number,
  k: number,
): { items: LaneItem[]; labels: LaneLabel[]; rect: Rect } {
  const sections = [
    { title: "Workloads", kind: "workload" as const, rows: topLevel(workloads).sort(byNamespace) },
    { title: "Services", kind: "service" as const, rows: [...services].sort(byNamespace) },
  ].filter(section => section.rows.length > 0);
  const items: LaneItem[] = [];
  const labels: LaneLabel[] = [];
  let column = 0;
  let y = 0;
  const pitch = (LANE.w + LANE.margin) * k;
  const x = () => column * pitch;
  const room = (needed: number): boolean => {
    if (y === 0 || y + needed <= height) return false;
    column++;
    y = 0;
    return true;
  };
  for (const section of sections) {
    const namespaces = new Set(section.rows.map(r => r.ns));
    room((LANE.group + LANE.item * 2) * k);
    labels.push({
      text: section.title,
      level: "section",
      rect: { x: x(), y, w: LANE.w * k, h: LANE.group * k },
    });
    y += LANE.group * k;
    let last = "";
    for (const row of section.rows) {
      const named = namespaces.size > 1;
      const begins = row.ns !== last;
      // A column that begins within a namespace says again which one.
      const breaks = room(((named && begins ? 20 : 0) + LANE.item) * k);
      if (named && (begins || breaks)) {
        labels.push({ text: row.ns, level: "namespace", rect: { x: x(), y, w: LANE.w * k, h: 20 * k } });
        y += 20 * k;
      }
      last = row.ns;
      items.push({ kind: section.kind, id: row.id, rect: { x: x(), y, w: LANE.w * k, h: LANE.item * k } });
      y += (LANE.item + LANE.gap) * k;
    }
    y += 14 * k;
  }
  if (!sections.length) return { items, labels, rect: { x: 0, y: 0, w: 0, h: 0 } };
  let rect: Rect | null = null;
  for (const item of [...items, ...labels]) {
    // Read from left to right; the last column stands beside the nodes.
    item.rect.x -= (column + 1) * pitch;
    rect = union(rect, item.rect);
  }
  return { items, labels, rect: rect! };
}
