import { beforeEach, describe, expect, it } from "vitest";
import { backoff, Link, type LinkStatus, type SocketLike } from "@/net/link";
import type { ClientFrame, StateFrame } from "@/protocol/frames";

class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  sent: ClientFrame[] = [];
  closed = false;
  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.onopen?.(undefined as never);
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(code?: number): void {
    this.onclose?.({ code });
  }
}

interface Timer {
  at: number;
  run: () => void;
}

class World {
  now = 0;
  sockets: FakeSocket[] = [];
  states: StateFrame[] = [];
  statuses: LinkStatus[] = [];
  private timers = new Map<number, Timer>();
  private serial = 0;
  readonly link = new Link(
    {
      connect: () => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
      },
      setTimeout: (run, ms) => {
        this.timers.set(++this.serial, { at: this.now + ms, run });
        return this.serial;
      },
      clearTimeout: id => this.timers.delete(id),
      now: () => this.now,
      random: () => 0.5,
    },
    {
      onState: frame => this.states.push(frame),
      onFrame: () => undefined,
      onStatus: status => this.statuses.push(status),
    },
  );

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.timers.entries()]
        .filter(([, t]) => t.at <= until)
        .sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.now = due[1].at;
      due[1].run();
    }
    this.now = until;
  }
}

const snapshot = (seq: number, rev: number, part = 0, parts = 1) => ({
  t: "snapshot",
  seq,
  rev,
  part,
  parts,
  tables: {},
});
const delta = (seq: number, rev: number) => ({ t: "delta", seq, rev });

describe("link", () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    world.link.start();
    world.socket.open();
  });

  it("starts, and is live when the last part of the snapshot has come", () => {
    expect(world.socket.sent).toEqual([{ t: "start" }]);
    world.socket.say(snapshot(1, 40, 0, 2));
    expect(world.link.status.phase).toBe("connecting");
    world.socket.say(snapshot(2, 40, 1, 2));
    expect(world.link.status.phase).toBe("live");
    expect(world.states).toHaveLength(2);
  });

  it("acks every ten state frames at once, and fewer after a moment", () => {
    world.socket.say(snapshot(1, 40));
    for (let i = 2; i <= 10; i++) world.socket.say(delta(i, 40 + i));
    expect(world.socket.sent.at(-1)).toEqual({ t: "ack", seq: 10 });
    world.socket.say(delta(11, 60));
    expect(world.socket.sent.at(-1)).toEqual({ t: "ack", seq: 10 });
    world.pass(500);
    expect(world.socket.sent.at(-1)).toEqual({ t: "ack", seq: 11 });
  });

  it("comes back with the revision it has when a frame is missing", () => {
    world.socket.say(snapshot(1, 40));
    world.socket.say(delta(2, 41));
    world.socket.say(delta(4, 43));
    expect(world.states).toHaveLength(2);
    expect(world.socket.closed).toBe(true);
    expect(world.link.status.phase).toBe("waiting");
    world.pass(1000);
    world.socket.open();
    expect(world.socket.sent[0]).toEqual({ t: "resume", rev: 41, seq: 0 });
    world.socket.say(delta(1, 44));
    expect(world.link.status.phase).toBe("live");
  });

  it("does not resume from half a snapshot", () => {
    world.socket.say(snapshot(1, 40, 0, 2));
    world.socket.drop();
    world.pass(1000);
    world.socket.open();
    expect(world.socket.sent[0]).toEqual({ t: "start" });
  });

  it("waits longer each time, and starts over once it was let in", () => {
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      world.socket.drop();
      const status = world.link.status;
      if (status.phase !== "waiting") throw new Error(status.phase);
      waits.push(status.retryAt - world.now);
      world.pass(status.retryAt - world.now);
    }
    expect(waits.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(Math.max(...waits)).toBe(10_000);
    world.socket.open();
    world.socket.say({ t: "hello" });
    world.socket.drop();
    const status = world.link.status;
    expect(status.phase === "waiting" && status.retryAt - world.now).toBe(500);
  });

  it("jitters by a fifth either way", () => {
    expect(backoff(0, 0)).toBe(400);
    expect(backoff(0, 1)).toBe(600);
  });

  it("gives up when the server says that there is no such cluster", () => {
    world.socket.drop(4404);
    expect(world.link.status.phase).toBe("closed");
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
  });

  it("tries again at once when asked to", () => {
    world.socket.drop();
    world.link.retryNow();
    expect(world.sockets).toHaveLength(2);
  });

  it("does not wait for ever for a server that takes the connection and says nothing", () => {
    world.pass(9000);
    expect(world.sockets[0]!.closed).toBe(true);
  });

  it("ignores what an old socket still says", () => {
    const old = world.socket;
    const { onmessage } = old;
    old.say(snapshot(1, 40));
    old.drop();
    onmessage?.({ data: JSON.stringify(delta(2, 41)) });
    expect(world.states).toHaveLength(1);
  });

  it("falls silent when stopped", () => {
    world.link.stop();
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.socket.closed).toBe(true);
  });
});
