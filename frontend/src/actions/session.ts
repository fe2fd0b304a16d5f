/**
 * One opened cluster: its model, its clock, its connection and its clients, together.
 *
 * Everything that panels and commands need from a cluster hangs here; nothing of it is React.
 */
import { KubeClient } from "@/net/kube";
import { browserEnv, Link, type LinkEnv } from "@/net/link";
import { PlaygroundClient } from "@/net/playground";
import type { ServerFrame } from "@/protocol/frames";
import { VirtualClock } from "@/store/clock";
import { Model } from "@/store/model";
import { toast, ui } from "@/store/ui";
import { Views } from "@/store/views";

const PRESENCE_EVERY_MS = 110;

export class ClusterSession {
  readonly model = new Model();
  readonly clock = new VirtualClock(() => performance.now());
  readonly views = new Views(this.model);
  readonly kube: KubeClient;
  readonly api: PlaygroundClient;
  readonly link: Link;
  private readonly clockListeners = new Set<() => void>();
  private cursor: [number, number] | null = null;
  private presenceTimer: ReturnType<typeof setTimeout> | null = null;
  private presenceSent = "";
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
    this.clock.update(frame);
    for (const listener of this.clockListeners) listener();
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
        ui.set({ session: frame.session, canWrite: frame.can?.write ?? true });
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
