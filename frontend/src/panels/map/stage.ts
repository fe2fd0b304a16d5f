/**
 * The map on the page: canvases, camera, frame loop, and the host of the tools.
 *
 * Owns no state of the cluster; it listens to the model, keeps a scene, and has the renderer draw it. The frame loop
 * parks when nothing moves.
 */

import type { MapControl } from "@/actions/commands";
import { addNode } from "@/actions/nodes";
import { askVerdicts, planMove } from "@/actions/pods";
import { nodeRemoval, podRemoval } from "@/actions/removals";
import type { ClusterSession } from "@/actions/session";
import { scaleProposal } from "@/actions/workloads";
import type { MoveVerdicts } from "@/protocol/rest";
import { POD_STATES, type Pod } from "@/protocol/rows";
import { lensLabel } from "@/render/lens";
import type { Marks } from "@/render/live";
import { Renderer } from "@/render/renderer";
import { readTheme } from "@/render/theme";
import { type Camera, fit, fly, type Insets, panBy, tether, toScreen, toWorld, zoomAt } from "@/scene/camera";
import { CARD, center, type Point, type Rect } from "@/scene/geometry";
import { type Hit, Scene } from "@/scene/scene";
import { noChanges } from "@/store/changes";
import { history } from "@/store/history";
import { type Confirmation, type LensChoice, type Ref, select, toast, ui, useUi } from "@/store/ui";
import { type Carried, type Landing, landingOf } from "@/tools/carry";
import { Idle } from "@/tools/idle";
import { settle, snap } from "@/tools/place";
import type { PointerInput, ToolHost, ToolState } from "@/tools/types";
import { mapRef } from "../context";
import { EdgeFinder } from "./edges";
import { KeyMove } from "./keymove";
import { loadLayout, saveLayout } from "./layouts";

export interface StageElements {
  root: HTMLElement;
  base: HTMLCanvasElement;
  live: HTMLCanvasElement;
}

export interface StageEvents {
  onHover(ref: Ref | null, x: number, y: number): void;
  onMenu(ref: Ref, x: number, y: number): void;
  onBin(state: "hidden" | "shown" | "hot" | "hot-shift"): void;
}

const FLIGHT_MS = 320;
const INSETS: Insets = { top: 28, right: 28, bottom: 78, left: 28 };

export class Stage implements ToolHost, MapControl {
  readonly scene: Scene;
  readonly renderer: Renderer;
  private readonly idle = new Idle();
  private tool: ToolState = this.idle;
  private raf = 0;
  private flight: { from: Camera; to: Camera; start: number } | null = null;
  private fitted = true;
  private shown = false;
  private size = { w: 1, h: 1 };

  private windowSize = "";
  private readonly edges: EdgeFinder;
  private readonly stops: (() => void)[] = [];
  private readonly layoutKey: string;
  private readonly keyMove: KeyMove;
  private waiters: (() => void)[] = [];
  private readonly cameraListeners = new Set<() => void>();

  constructor(
    readonly session: ClusterSession,
    private readonly elements: StageElements,
    private readonly events: StageEvents,
  ) {
    this.layoutKey = `layout.${session.name}`;
    this.scene = new Scene(session.model);
    this.scene.moved = loadLayout(this.layoutKey);
    this.renderer = new Renderer({
      base: elements.base,
      live: elements.live,
      make: (w, h) => {
        const canvas = document.createElement("canvas");
        canvas.width = Math.max(1, w);
        canvas.height = Math.max(1, h);
        return canvas;
      },
      theme: currentTheme(),
      scene: this.scene,
      clock: () => performance.now(),
    });
    this.keyMove = new KeyMove(session, this, (pod, node, verdicts, at) =>
      this.propose(pod, node, verdicts, at),
    );
    this.edges = new EdgeFinder(session, edges => this.marks({ edges }));
    this.stops.push(
      session.model.listen(changes => {
        const now = performance.now();
        this.renderer.fastForward = session.clock.fastForward;
        this.renderer.applyDelta(this.scene.apply(changes), changes, now);
        if (changes.reset && !this.shown && this.session.model.loaded) {
          this.shown = true;
          this.jump(this.fitCamera());
        } else if (this.fitted && changes.nodesAdded.length + changes.nodesRemoved.length > 0) {
          this.fit();
        }
        if (changes.tables.has("services") || changes.tables.has("pods")) this.edges.refresh(changes);
        this.request();
      }),
      useUi.subscribe(() => this.syncUi()),
    );
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(elements.root);
    this.stops.push(() => observer.disconnect());
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    const setMotion = () => {
      this.renderer.motion.reduced = motion.matches;
    };
    setMotion();
    motion.addEventListener("change", setMotion);
    this.stops.push(() => motion.removeEventListener("change", setMotion));
    document.fonts?.ready.then(() => this.retheme()).catch(() => undefined);
    this.resize();
    if (session.model.loaded) {
      const all = noChanges(true);
      this.renderer.applyDelta(this.scene.apply(all), all, performance.now());
      this.shown = true;
      this.jump(this.fitCamera());
    }
    this.syncUi();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    cancelAnimationFrame(this.raf);
    this.edges.dispose();
  }

  retheme(): void {
    this.renderer.setTheme(currentTheme());
    this.request();
  }

  // --- frames

  request(): void {
    if (!this.raf) this.raf = requestAnimationFrame(this.tick);
  }

  private readonly tick = (now: number): void => {
    this.raf = 0;
    if (this.flight) {
      const t = Math.min(1, (now - this.flight.start) / FLIGHT_MS);
      this.applyCamera(fly(this.flight.from, this.flight.to, this.size, t));
      if (t >= 1) this.flight = null;
    }
    const more = this.renderer.frame(now) || this.flight !== null;
    if (more) this.request();
    else {
      const waiters = this.waiters;
      this.waiters = [];
      for (const done of waiters) done();
    }
  };

  /** Resolves when nothing moves and all is drawn. */
  whenIdle(): Promise<void> {
    return new Promise(done => {
      this.waiters.push(done);
      this.request();
    });
  }

  // --- camera

  camera(): Camera {
    return this.renderer.camera;
  }

  get viewport(): { w: number; h: number } {
    return this.size;
  }

  setCamera(camera: Camera): void {
    this.fitted = false;
    this.flight = null;
    this.applyCamera(tether(camera, this.scene.layout.bounds, this.size));
    this.request();
  }

  fit(): void {
    this.flyTo(this.fitCamera());
    this.fitted = true;
  }

  zoom(factor: number): void {
    this.flyTo(zoomAt(this.flight?.to ?? this.camera(), factor, this.size.w / 2, this.size.h / 2));
  }

  wheel(event: {
    deltaX: number;
    deltaY: number;
    ctrlKey: boolean;
    x: number;
    y: number;
    mouse: boolean;
  }): void {
    if (event.ctrlKey || event.mouse) {
      this.setCamera(
        zoomAt(this.camera(), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.x, event.y),
      );
    } else {
      this.setCamera(panBy(this.camera(), -event.deltaX, -event.deltaY));
    }
  }

  panScreen(dx: number, dy: number): void {
    const from = this.flight?.to ?? this.camera();
    this.flyTo(tether(panBy(from, dx, dy), this.scene.layout.bounds, this.size));
  }

  focus(id: string | Ref): void {
    const rect = this.scene.rectOf(typeof id === "string" ? id : id.id);
    if (!rect) return;
    const zoom = rect.w >= CARD.w ? 1.7 : 2.2;
    const z = Math.max(this.camera().z, Math.min(zoom, (this.size.w * 0.6) / rect.w));
    const at = center(rect);
    this.flyTo({ x: at.x - this.size.w / 2 / z, y: at.y - this.size.h / 2 / z, z });
  }

  /** Bring an object into view with as little movement as possible. */
  reveal(id: string): void {
    const rect = this.scene.rectOf(id);
    if (!rect) return;
    const camera = this.flight?.to ?? this.camera();
    const p = toScreen(camera, rect.x, rect.y);
    const w = rect.w * camera.z;
    const h = rect.h * camera.z;
    const margin = 40;
    const dx =
      p.x < margin ? margin - p.x : p.x + w > this.size.w - margin ? this.size.w - margin - p.x - w : 0;
    const dy =
      p.y < margin ? margin - p.y : p.y + h > this.size.h - margin ? this.size.h - margin - p.y - h : 0;
    if (dx || dy) this.flyTo(panBy(camera, dx, dy));
  }

  tidy(): void {
    this.changeLayout("Tidy up the nodes", new Map());
    this.fit();
  }

  private changeLayout(title: string, moved: Map<string, Point>): void {
    const before = this.scene.moved;
    // The map may have been left and opened again meanwhile.
    const show = (layout: Map<string, Point>) => {
      if (mapRef.current) mapRef.current.setLayout(layout);
      else saveLayout(this.layoutKey, layout);
      return true;
    };
    history.push({
      title,
      scope: "layout",
      how: "",
      undo: () => show(before),
      redo: () => show(moved),
    });
    this.setLayout(moved);
  }

  setLayout(moved: Map<string, Point>): void {
    this.scene.moved = moved;
    saveLayout(this.layoutKey, moved);
    this.redrawLayout();
  }

  private flyTo(to: Camera): void {
    this.fitted = false;
    if (this.renderer.motion.reduced) {
      this.applyCamera(to);
    } else {
      this.flight = { from: this.camera(), to, start: performance.now() };
    }
    this.request();
  }

  private jump(camera: Camera): void {
    this.flight = null;
    this.applyCamera(camera);
    this.fitted = true;
    this.request();
  }

  private applyCamera(camera: Camera): void {
    this.renderer.setCamera(camera, performance.now());
    for (const listener of this.cameraListeners) listener();
  }

  /** For what floats over the map and must follow it. */
  readonly onCamera = (listener: () => void): (() => void) => {
    this.cameraListeners.add(listener);
    return () => this.cameraListeners.delete(listener);
  };

  private fitCamera(): Camera {
    return fit(this.scene.layout.bounds, this.size, INSETS);
  }

  private resize(): void {
    const { clientWidth: w, clientHeight: h } = this.elements.root;
    if (!w || !h) return;
    this.size = { w, h };
    this.renderer.resize(this.size, window.devicePixelRatio || 1);
    // A panel that opens beside the map does not move it; a window of another size shows it anew.
    const window_ = `${window.innerWidth}x${window.innerHeight}`;
    const same = window_ === this.windowSize && this.fitCamera().z < this.camera().z * 0.85;
    if (this.fitted && this.shown && !same) this.jump(this.fitCamera());
    else {
      const selected = ui.get().selection;
      if (selected && this.shown) this.reveal(selected.id);
    }
    this.windowSize = window_;
    this.request();
  }

  // --- what the page's state asks for

  private uiKey = "";

  private syncUi(): void {
    const state = ui.get();
    const progress = new Map<number, number>();
    for (const d of Object.values(state.drains)) {
      const node = this.session.model.nodeByName.get(d.node);
      if (node !== undefined) progress.set(node, d.total ? 1 - d.left / d.total : 1);
    }
    this.marks({
      selection: state.selection?.id ?? null,
      peers: state.peers.map(p => ({ selection: p.selection, color: p.color, user: p.user })),
      progress,
    });
    this.edges.select(state.selection);
    this.renderer.packets = state.packets;
    const key = `${state.lens}|${state.filter.join()}`;
    if (key !== this.uiKey) {
      this.uiKey = key;
      this.renderer.setLens(state.lens, this.filterOf(state.lens, state.filter));
    }
    this.request();
  }

  private filterOf(lens: LensChoice, filter: readonly string[]): ((pod: number) => boolean) | null {
    if (!filter.length) return null;
    const on = new Set(filter);
    const { model } = this.session;
    if (lens === "status") return pod => on.has(POD_STATES[model.pods.state[pod]!]!);
    return pod => on.has(lensLabel(lens, model, pod));
  }

  // --- tools

  pointer(input: PointerInput): void {
    this.tool = this.tool.on(input, this);
    if (input.type === "move" && !input.touch) {
      const at = this.world(input.x, input.y);
      this.session.point([at.x, at.y]);
    }
    if (input.type === "leave") this.session.point(null);
    this.request();
  }

  get dragging(): boolean {
    return this.tool !== this.idle;
  }

  /** Escape. True if there was something to cancel. */
  cancelTool(): boolean {
    if (this.keyMove.active) {
      this.keyMove.end();
      return true;
    }
    if (this.tool === this.idle) return false;
    this.tool = this.tool.cancel(this);
    this.request();
    return true;
  }

  world(x: number, y: number): Point {
    return toWorld(this.camera(), x, y);
  }

  hit(x: number, y: number): Hit {
    return this.renderer.hitTest(x, y);
  }

  marks(marks: Partial<Marks>): void {
    this.renderer.setMarks(marks);
    this.request();
  }

  cursor(name: string): void {
    this.elements.root.style.cursor = name;
  }

  select(ref: Ref | null, inspect = true): void {
    if (inspect) select(ref);
    else ui.set({ selection: ref });
    this.session.pointAgain();
  }

  hover(ref: Ref | null, x: number, y: number): void {
    this.marks({ hover: ref?.id ?? null });
    this.edges.hover(ref);
    this.events.onHover(ref, x, y);
  }

  menu(ref: Ref, x: number, y: number): void {
    this.events.onMenu(ref, x, y);
  }

  addNode(): void {
    addNode(this.session);
  }

  canWrite(): boolean {
    return ui.get().canWrite && ui.get().link.phase === "live";
  }

  verdicts(pod: number): Promise<MoveVerdicts | null> {
    return askVerdicts(this.session, this.session.model.pods.row(pod));
  }

  dropPod(pod: number, node: number, verdicts: MoveVerdicts | null, at: Point): void {
    const name = this.session.model.nodes.at(node)?.name;
    if (!name) return;
    this.propose(this.session.model.pods.row(pod), name, verdicts, at);
  }

  scaleTo(id: string, replicas: number, at: Point): void {
    const row = this.session.model.workloads.get(id);
    if (row) this.confirm(scaleProposal(this.session, row, replicas), at);
  }

  refuse(text: string): void {
    toast({ tone: "bad", title: text });
  }

  snapCard(node: number, at: Point): Rect {
    return settle(this.scene, node, at) ?? snap(at);
  }

  placeCard(node: number, at: Point | null): void {
    const name = this.session.model.nodes.at(node)?.name;
    if (!name) return;
    const moved = new Map(this.scene.moved);
    if (at) moved.set(name, { x: at.x, y: at.y });
    else moved.delete(name);
    this.changeLayout(`Move ${name} on the map`, moved);
  }

  bin(state: "hidden" | "shown" | "hot" | "hot-shift"): void {
    this.events.onBin(state);
  }

  overBin(x: number, y: number): boolean {
    const bin = this.elements.root.querySelector<HTMLElement>("[data-bin]");
    if (!bin) return false;
    const r = bin.getBoundingClientRect();
    const o = this.elements.root.getBoundingClientRect();
    return (
      x >= r.left - o.left - 8 &&
      x <= r.right - o.left + 8 &&
      y >= r.top - o.top - 8 &&
      y <= r.bottom - o.top + 8
    );
  }

  binPod(pod: number, force: boolean, at: Point): void {
    this.confirm(podRemoval(this.session, this.session.model.pods.row(pod), force), at);
  }

  binNode(node: number, plug: boolean, at: Point): void {
    const row = this.session.model.nodes.at(node);
    if (row) this.confirm(nodeRemoval(this.session, row, plug), at);
  }

  // --- moving a pod by keyboard

  startMove(pod: Pod): void {
    ui.set({ view: "map" });
    this.elements.root.focus();
    this.keyMove.start(pod);
  }

  get moving(): boolean {
    return this.keyMove.active;
  }

  moveKey(key: string): boolean {
    return this.keyMove.key(key);
  }

  // --- what is carried here from beside the map

  carry(item: Carried, clientX: number, clientY: number): Landing | null {
    const r = this.elements.root.getBoundingClientRect();
    const x = clientX - r.left;
    const y = clientY - r.top;
    if (x < 0 || y < 0 || x > r.width || y > r.height) {
      this.endCarry();
      return null;
    }
    const landing = landingOf(item, this.hit(x, y), this.world(x, y), this.scene);
    this.marks({ dropNode: landing.node, hover: landing.workload });
    return landing;
  }

  endCarry(): void {
    this.marks({ dropNode: -1, hover: null });
  }

  private propose(pod: Pod, node: string, verdicts: MoveVerdicts | null, at: Point | null): void {
    const plan = planMove(this.session, pod, node, verdicts);
    if (plan.kind === "refused") {
      toast({ tone: "bad", title: plan.title, detail: plan.body });
      return;
    }
    this.confirm({ ...plan }, at);
  }

  private confirm(what: Omit<Confirmation, "at">, at: Point | null): void {
    const r = this.elements.root.getBoundingClientRect();
    ui.set({ confirmation: { ...what, at: at ? { x: r.left + at.x, y: r.top + at.y } : null } });
  }

  private redrawLayout(): void {
    const diff = this.scene.relayout();
    this.renderer.applyDelta(diff, noChanges(), performance.now());
    this.request();
  }
}

function currentTheme() {
  const style = getComputedStyle(document.documentElement);
  return readTheme(name => style.getPropertyValue(name), document.documentElement.dataset.theme === "dark");
}
