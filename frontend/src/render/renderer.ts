/**
 * The map's renderer: a retained base layer and a live layer over it, on two canvases.
 *
 * DOM-free: canvases, theme and the clock are handed in. `frame` says whether it wants another; the caller parks
 * requestAnimationFrame when it does not.
 */
import type { Camera, Viewport } from "@/scene/camera";
import { center, type Rect, SHELF } from "@/scene/geometry";
import type { Hit, Scene, SceneDiff } from "@/scene/scene";
import type { Changes } from "@/store/changes";
import { STATE } from "@/store/pods";
import { BaseLayer } from "./base";
import type { AnyCanvas, MakeCanvas } from "./bitmaps";
import type { Ctx } from "./glyphs";
import { type LensName, lensColor } from "./lens";
import { LiveLayer, type Marks, port } from "./live";
import { Motion } from "./motion";
import { FrameProbe, type Quality } from "./probe";
import { TileSprites } from "./sprites";
import { forgetMeasures } from "./text";
import type { CanvasTheme } from "./theme";
import { isBad, type View } from "./view";

const MOVING_MS = 130;

export interface RendererOptions {
  base: AnyCanvas;
  live: AnyCanvas;
  make: MakeCanvas;
  theme: CanvasTheme;
  scene: Scene;
  /** monotonic milliseconds */
  clock: () => number;
}

export interface SceneRenderer {
  setScene(scene: Scene): void;
  applyDelta(diff: SceneDiff, changes: Changes, now: number): void;
  frame(now: number): boolean;
  hitTest(sx: number, sy: number): Hit;
}

export class Renderer implements SceneRenderer {
  readonly motion = new Motion();
  readonly probe = new FrameProbe();
  camera: Camera = { x: 0, y: 0, z: 1 };
  size: Viewport = { w: 1, h: 1 };
  fastForward = false;
  packets = true;
  private scene: Scene;
  private readonly view: View;
  private readonly base: BaseLayer;
  private readonly live: LiveLayer;
  private dpr = 1;
  private movedAt = Number.NEGATIVE_INFINITY;
  private moving = false;
  private readonly killed = new Set<string>();
  private readonly hidden = new Set<number>();

  constructor(private readonly options: RendererOptions) {
    this.scene = options.scene;
    const ctx = options.base.getContext("2d", { alpha: false }) as Ctx;
    this.view = {
      scene: this.scene,
      theme: options.theme,
      sprites: new TileSprites(options.make, options.theme),
      lens: "status",
      filter: null,
      hidden: this.hidden,
      labels: true,
    };
    this.base = new BaseLayer(ctx, options.make, options.clock);
    this.base.view = this.view;
    this.live = new LiveLayer(options.live.getContext("2d") as Ctx, this.motion, node =>
      this.base.picture(node),
    );
  }

  setScene(scene: Scene): void {
    this.scene = scene;
    this.view.scene = scene;
    this.motion.clear();
    this.hidden.clear();
    this.base.invalidateAll();
    this.live.dirty = true;
  }

  setTheme(theme: CanvasTheme): void {
    forgetMeasures();
    this.view.theme = theme;
    this.view.sprites.setTheme(theme);
    this.base.forget();
    this.live.dirty = true;
  }

  setLens(lens: LensName, filter: ((pod: number) => boolean) | null): void {
    this.view.lens = lens;
    this.view.filter = filter;
    this.base.invalidateAll();
    this.live.dirty = true;
  }

  resize(size: Viewport, dpr: number): void {
    this.size = size;
    this.dpr = this.probe.quality >= 3 ? Math.min(1, dpr) : dpr;
    for (const canvas of [this.options.base, this.options.live]) {
      canvas.width = Math.max(1, Math.round(size.w * this.dpr));
      canvas.height = Math.max(1, Math.round(size.h * this.dpr));
    }
    this.base.resize(size, this.dpr);
    this.live.dirty = true;
  }

  setCamera(camera: Camera, now: number): void {
    this.camera = camera;
    this.base.setCamera(camera);
    this.movedAt = now;
    this.live.dirty = true;
  }

  get marks(): Marks {
    return this.live.marks;
  }

  setMarks(marks: Partial<Marks>): void {
    Object.assign(this.live.marks, marks);
    this.live.dirty = true;
  }

  hitTest(sx: number, sy: number): Hit {
    return this.scene.hit(this.camera.x + sx / this.camera.z, this.camera.y + sy / this.camera.z);
  }

  applyDelta(diff: SceneDiff, changes: Changes, now: number): void {
    this.live.dirty = true;
    if (changes.reset) {
      this.motion.clear();
      this.hidden.clear();
      this.base.applyDelta(diff);
      return;
    }
    for (const note of changes.notes) if (note.k === "kill" && note.pod) this.killed.add(note.pod);
    this.motion.start(diff.transitions, now, this.motionEnv);
    this.killed.clear();
    if (diff.layout || diff.shelf) this.motion.retarget(pod => this.scene.podRect(pod));
    this.syncHidden();
    this.base.applyDelta(diff);
    if (!this.fastForward) this.animate(diff, changes, now);
  }

  private readonly motionEnv = (() => {
    const self = this;
    return {
      get fastForward() {
        return self.fastForward;
      },
      color: (pod: number) =>
        self.view.lens === "status" ? -1 : lensColor(self.view.lens, self.scene.model, pod),
      killed: (pod: number) =>
        self.killed.has(self.scene.model.pods.id[pod]!) || isBad(self.scene.model.pods.state[pod]!),
      birthplace: (pod: number, to: Rect) => self.birthplace(pod, to),
      target: (pod: number) => {
        const node = self.scene.slots.node(pod);
        return node >= 0 ? self.scene.nodeRect(node) : null;
      },
    };
  })();

  /** A pod that is bound in the frame in which it appears still comes off the shelf. */
  private birthplace(pod: number, to: Rect): Rect | null {
    const { shelf } = this.scene.layout;
    if (this.scene.slots.node(pod) < 0) return to;
    const side = Math.min(to.h, 24);
    const hub = this.scene.apiHub();
    return { x: hub.x - side / 2, y: shelf.y + SHELF.header * this.scene.layout.scale, w: side, h: side };
  }

  private syncHidden(): void {
    for (const pod of this.motion.flights.keys()) {
      if (!this.hidden.has(pod)) {
        this.hidden.add(pod);
        this.base.repaintPod(pod);
      }
    }
  }

  /** Pulses, binding lines and packets for what this frame tells. */
  private animate(diff: SceneDiff, changes: Changes, now: number): void {
    const { scene, motion } = this;
    const { pods } = scene.model;
    const hub = scene.apiHub();
    for (const t of diff.transitions) {
      if (t.kind !== "move" || t.from === null) continue;
      const node = scene.slots.node(t.pod);
      const card = node >= 0 ? scene.nodeRect(node) : null;
      if (card) motion.beam(hub, port(card), now);
    }
    let sent = 0;
    const limit = 20;
    for (const pod of changes.podsChanged) {
      if (sent >= limit) break;
      const node = scene.slots.node(pod);
      const card = node >= 0 ? scene.nodeRect(node) : null;
      const rect = scene.podRect(pod);
      const state = pods.state[pod]!;
      const flight = motion.flights.get(pod);
      if (flight) flight.state = state;
      else if (rect && node >= 0 && (state === STATE.running || isBad(state))) motion.pulse(rect, state, now);
      if (card && this.packets && this.probe.quality < 1) {
        motion.packet(port(card), hub, isBad(state) ? "error" : "ok", now);
        sent++;
      }
    }
    if (sent > 0) {
      const scheduler = scene.dock(changes.podsAdded.length ? "kube-scheduler" : "kube-controller-manager");
      if (scheduler?.instances.length) motion.packet(hub, center(scheduler.rect), "watch", now);
    }
  }

  /** Draw what must be drawn; true if another frame is wanted. */
  frame(now: number): boolean {
    const started = this.options.clock();
    if (this.probe.tick(now)) this.qualityChanged(this.probe.quality);
    const moving = now - this.movedAt < MOVING_MS;
    if (moving !== this.moving) {
      this.moving = moving;
      if (moving && this.probe.quality >= 2) this.setLabels(false);
      this.base.setMoving(moving);
    }
    for (const pod of this.motion.step(now)) {
      if (this.hidden.delete(pod)) this.base.repaintPod(pod);
    }
    if (this.base.dirty) this.base.paint();
    if (this.live.dirty || this.live.animating) {
      this.live.paint(
        this.view,
        this.camera,
        this.size,
        this.dpr,
        now,
        this.packets && this.probe.quality < 1,
      );
    }
    this.probe.spent(this.options.clock() - started);
    const more = moving || this.base.dirty || this.live.dirty || this.live.animating;
    if (more) return true;
    this.probe.parked();
    // Names cost time while things move; a picture that stands still has them on any machine.
    return this.setLabels(true);
  }

  /** True if that changes the picture. */
  private setLabels(on: boolean): boolean {
    if (this.view.labels === on) return false;
    this.view.labels = on;
    this.base.invalidateAll();
    this.live.dirty = true;
    return true;
  }

  private qualityChanged(quality: Quality): void {
    this.view.labels = quality < 2;
    if (quality >= 1) this.motion.packets = [];
    this.base.invalidateAll();
    this.live.dirty = true;
  }

  stats(): Record<string, number> {
    return {
      ...this.probe.stats(),
      builds: this.base.builds,
      flights: this.motion.flights.size,
      packets: this.motion.packets.length,
    };
  }
}
