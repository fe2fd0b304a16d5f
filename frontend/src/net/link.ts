/**
 * The websocket session of one cluster: start or resume, ack, notice gaps, come back.
 *
 * Time, randomness and the socket are arguments, so tests drive it without waiting. State frames go to `onState` in
 * order and exactly once; a gap in `seq` closes the connection and resumes from the last applied revision.
 */
import type { ClientFrame, ServerFrame, StateFrame } from "@/protocol/frames";

export interface SocketLike {
  send(data: string): void;
  close(code?: number): void;
  onopen: ((ev: never) => void) | null;
  onmessage: ((ev: { data: unknown }) => void) | null;
  onclose: ((ev: { code?: number; reason?: string }) => void) | null;
}

export interface LinkEnv {
  connect(): SocketLike;
  setTimeout(run: () => void, ms: number): number;
  clearTimeout(id: number): void;
  /** monotonic milliseconds */
  now(): number;
  random(): number;
}

export type LinkStatus =
  | { phase: "connecting" }
  | { phase: "live" }
  | { phase: "waiting"; retryAt: number; attempt: number; reason: string }
  | { phase: "closed"; reason: string };

export interface LinkHandlers {
  onState(frame: StateFrame): void;
  onFrame(frame: ServerFrame): void;
  onStatus(status: LinkStatus): void;
}

const ACK_EVERY = 10;
const ACK_AFTER_MS = 400;
const OPEN_TIMEOUT_MS = 8000;
const SILENT_AFTER_MS = 45_000;
/** Close codes after which trying again cannot help. */
const FATAL: Record<number, string> = {
  4401: "You are signed out",
  4403: "You may not see this cluster",
  4404: "There is no such cluster",
};

/** 0.5 → 10 s with ±20 % jitter. */
export function backoff(attempt: number, random: number): number {
  return Math.round(Math.min(10_000, 500 * 2 ** Math.min(attempt, 6)) * (0.8 + 0.4 * random));
}

export class Link {
  status: LinkStatus = { phase: "connecting" };
  private socket: SocketLike | null = null;
  private attempt = 0;
  private timers = new Map<"retry" | "ack" | "open" | "silent", number>();
  private rev = 0;
  /** which incarnation of the cluster `rev` counts in, and the one this connection speaks of */
  private epoch: string | undefined;
  private offered: string | undefined;
  private seq = 0;
  private unacked = 0;
  private stopped = false;

  constructor(
    private readonly env: LinkEnv,
    private readonly handlers: LinkHandlers,
  ) {}

  start(): void {
    this.stopped = false;
    this.open();
  }

  stop(): void {
    this.stopped = true;
    this.drop();
    for (const name of [...this.timers.keys()]) this.cancel(name);
  }

  /** Try again at once (a person pressed "Reconnect", or the network came back). */
  retryNow(): void {
    if (this.status.phase === "waiting") {
      this.cancel("retry");
      this.open();
    }
  }

  /** Forget what was applied, so that the next connection asks for a fresh snapshot. */
  forget(): void {
    this.rev = 0;
  }

  /** last applied revision; 0 before the first snapshot */
  get revision(): number {
    return this.rev;
  }

  /** A fresh snapshot, on a new connection. */
  refresh(): void {
    this.forget();
    this.drop();
    this.cancel("retry");
    if (!this.stopped) this.open();
  }

  sendPresence(cursor: [number, number] | null, selection: string | null): void {
    if (this.status.phase === "live") this.send({ t: "presence", cursor, selection });
  }

  private open(): void {
    this.setStatus({ phase: "connecting" });
    const socket = this.env.connect();
    this.socket = socket;
    this.seq = 0;
    this.unacked = 0;
    this.after("open", OPEN_TIMEOUT_MS, () => this.lost("The server does not answer"));
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.send(this.rev > 0 ? { t: "resume", rev: this.rev, seq: 0, epoch: this.epoch } : { t: "start" });
    };
    socket.onmessage = event => {
      if (socket === this.socket && typeof event.data === "string") this.receive(event.data);
    };
    socket.onclose = event => {
      if (socket !== this.socket) return;
      const fatal = FATAL[event.code ?? 0];
      if (fatal) {
        this.drop();
        this.stopped = true;
        this.setStatus({ phase: "closed", reason: fatal });
      } else {
        this.lost(event.reason || "The connection was lost");
      }
    };
  }

  private receive(data: string): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      this.lost("The server sent something unreadable");
      return;
    }
    this.after("silent", SILENT_AFTER_MS, () => this.checkSilence());
    if (frame.t === "snapshot" || frame.t === "delta") this.receiveState(frame);
    else this.handlers.onFrame(frame);
    if (frame.t === "hello") {
      this.attempt = 0;
      this.offered = frame.epoch;
    }
  }

  private receiveState(frame: StateFrame): void {
    if (frame.seq !== this.seq + 1) {
      this.lost(`Frame ${this.seq + 1} is missing`);
      return;
    }
    this.seq = frame.seq;
    this.handlers.onState(frame);
    if (frame.t === "delta" || frame.part === frame.parts - 1) {
      this.rev = frame.rev;
      this.epoch = this.offered;
      this.cancel("open");
      if (this.status.phase !== "live") this.setStatus({ phase: "live" });
    }
    this.unacked++;
    if (this.unacked >= ACK_EVERY) this.ack();
    else if (!this.timers.has("ack")) this.after("ack", ACK_AFTER_MS, () => this.ack());
  }

  private ack(): void {
    this.cancel("ack");
    if (this.unacked > 0) {
      this.unacked = 0;
      this.send({ t: "ack", seq: this.seq });
    }
  }

  /** A healthy idle cluster is silent; a presence frame shows whether the other end still takes bytes. */
  private checkSilence(): void {
    if (this.status.phase === "live") {
      this.send({ t: "ack", seq: this.seq });
      this.after("silent", SILENT_AFTER_MS, () => this.checkSilence());
    }
  }

  private lost(reason: string): void {
    this.drop();
    if (this.stopped) return;
    const delay = backoff(this.attempt, this.env.random());
    this.attempt++;
    this.setStatus({ phase: "waiting", retryAt: this.env.now() + delay, attempt: this.attempt, reason });
    this.after("retry", delay, () => this.open());
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.cancel("ack");
    this.cancel("open");
    this.cancel("silent");
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private send(frame: ClientFrame): void {
    try {
      this.socket?.send(JSON.stringify(frame));
    } catch {
      this.lost("The connection was lost");
    }
  }

  private after(name: "retry" | "ack" | "open" | "silent", ms: number, run: () => void): void {
    this.cancel(name);
    this.timers.set(
      name,
      this.env.setTimeout(() => {
        this.timers.delete(name);
        run();
      }, ms),
    );
  }

  private cancel(name: "retry" | "ack" | "open" | "silent"): void {
    const id = this.timers.get(name);
    if (id !== undefined) {
      this.env.clearTimeout(id);
      this.timers.delete(name);
    }
  }

  private setStatus(status: LinkStatus): void {
    this.status = status;
    this.handlers.onStatus(status);
  }
}

/** The real environment. */
export function browserEnv(cluster: string): LinkEnv {
  return {
    connect: () => {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      return new WebSocket(
        `${scheme}://${location.host}/ws/clusters/${encodeURIComponent(cluster)}`,
      ) as unknown as SocketLike;
    },
    setTimeout: (run, ms) => window.setTimeout(run, ms),
    clearTimeout: id => window.clearTimeout(id),
    now: () => performance.now(),
    random: () => Math.random(),
  };
}
