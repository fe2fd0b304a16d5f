/**
 * One opened cluster: its model, its clock, its connection and its clients, together.
 *
 * Everything that panels and commands need from a cluster hangs here; nothing of it is React.
 */
import { KubeClient } from "@/net/kube";
import { browserEnv, Link, type LinkEnv } from "@/net/link";
import { PlaygroundClient } from "@/net/playground";
import type { ServerFrame } from "@/protocol/frames";
import type { PastState } from "@/protocol/rest";
import { VirtualClock } from "@/store/clock";
import { Model } from "@/store/model";
import { toast, ui } from "@/store/ui";
import { Views } from "@/store/views";

const PRESENCE_EVERY_MS = 110;

export class ClusterSession {
  readonly model = new Model();
  /** the time that is shown */
  readonly clock = new VirtualClock(() => performance.now());
  /** the time that it is, also while the past is shown */
  readonly liveClock = new VirtualClock(() => performance.now());
  readonly views = new Views(this.model);
  readonly kube: KubeClient;
  readonly api: PlaygroundClient;
  readonly link: Link;
  private readonly clockListeners = new Set<() => void>();
  private cursor: [number, number] | null = null;
  private presenceTimer: ReturnType<typeof setTimeout> | null = null;
  private presenceSent = "";
  private inPast = false;
  private mayWrite = true;
  /** set after a frame was applied; for tests and the latency probe */
  lastFrameAt = 0;

  constructor(
    readonly name: string,
    env: LinkEnv = browserEnv(name),
  ) {
    this.kube = new KubeClient(name);
    this.api = new PlaygroundClient(name);
    this.link = new Link(env, {
      onState: frame => {
        // What happens meanwhile comes with the snapshot that ends a look at the past.
        if (this.inPast) return;
        this.model.apply(frame);
        this.lastFrameAt = performance.now();
      },
      onFrame: frame => this.receive(frame),
      onStatus: status => {
        ui.set({ link: status, ...(status.phase === "live" ? {} : { peers: [] }) });
        if (status.phase === "live") this.presenceSent = "";
      },
    });
  }

  open(): () => void {
    this.link.start();
    const online = () => this.link.retryNow();
    const shown = () => {
      if (document.visibilityState === "visible") this.link.retryNow();
    };
    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", shown);
    return () => {
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", shown);
      if (this.presenceTimer) clearTimeout(this.presenceTimer);
      this.link.stop();
    };
  }

  onClock(listener: () => void): () => void {
    this.clockListeners.add(listener);
    return () => this.clockListeners.delete(listener);
  }

  clockChanged(frame: Parameters<VirtualClock["update"]>[0]): void {
    this.liveClock.update(frame);
    if (this.inPast) return;
    this.clock.update(frame);
    for (const listener of this.clockListeners) listener();
  }

  /** Show what was instead of what is; nothing can be changed there. */
  showPast(state: PastState): void {
    this.inPast = true;
    ui.set({ past: { rev: state.rev, at: state.vtime }, canWrite: false });
    this.clock.update({ now: state.vtime, speed: 1, paused: true });
    this.model.apply({
      t: "snapshot",
      seq: 0,
      rev: state.rev,
      part: 0,
      parts: 1,
      tables: state.tables,
    });
    for (const listener of this.clockListeners) listener();
  }

  showLive(): void {
    if (!this.inPast) return;
    this.inPast = false;
    ui.set({ past: null, canWrite: this.mayWrite });
    this.link.refresh();
  }

  /** Where this person points, in world units; null when they left the map. */
  point(cursor: [number, number] | null): void {
    this.cursor = cursor;
    this.presenceTimer ??= setTimeout(() => {
      this.presenceTimer = null;
      const selection = ui.get().selection?.id ?? null;
      const at: [number, number] | null = this.cursor
        ? [Math.round(this.cursor[0]), Math.round(this.cursor[1])]
        : null;
      const text = JSON.stringify([at, selection]);
      if (text === this.presenceSent) return;
      this.presenceSent = text;
      this.link.sendPresence(at, selection);
    }, PRESENCE_EVERY_MS);
  }

  /** The selection changed: tell the others. */
  pointAgain(): void {
    this.point(this.cursor);
  }

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "hello":
        this.mayWrite = frame.can?.write ?? true;
        ui.set({
          session: frame.session,
          canWrite: this.mayWrite && !this.inPast,
          canShare: frame.can?.share ?? false,
        });
        break;
      case "clock":
        this.clockChanged(frame);
        break;
      case "presence":
        ui.set({ peers: frame.peers.filter(peer => peer.session !== ui.get().session) });
        break;
      case "error":
        toast({ tone: "bad", title: frame.code, detail: frame.message });
        break;
    }
  }
}
