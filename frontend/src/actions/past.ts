/** Looking at what was: scrubbing asks for one revision at a time, and the latest wish wins. */
import { toFailure } from "@/net/errors";
import { clusters } from "@/net/playground";
import { echo, settle, toast, ui } from "@/store/ui";
import type { ClusterSession } from "./session";

let wish: { session: ClusterSession; rev: number } | null = null;
let asking = false;
/** grows with each return to live: what was asked for before must not show any more */
let looks = 0;

export function viewPast(session: ClusterSession, rev: number): void {
  if (rev <= 0 || (ui.get().past?.rev === rev && !wish)) return;
  wish = { session, rev };
  if (!asking) void ask();
}

async function ask(): Promise<void> {
  asking = true;
  while (wish) {
    const { session, rev } = wish;
    const look = looks;
    wish = null;
    try {
      const state = await session.api.state(rev);
      if (look === looks) session.showPast(state);
    } catch (error) {
      const failure = toFailure(error);
      toast({ tone: "bad", title: "That cannot be shown", detail: failure.message || failure.reason });
    }
  }
  asking = false;
}

export function returnToLive(session: ClusterSession): void {
  wish = null;
  looks++;
  session.showLive();
}

/** A new cluster that goes on from that revision; true if there is one now. */
export async function fork(session: ClusterSession, rev: number, name: string): Promise<boolean> {
  const id = echo(
    `Fork ${name} from revision ${rev}`,
    `GET ${session.api.base}/snapshot?revision=${rev} | POST /api/v1/clusters {"name":"${name}"}`,
  );
  try {
    await clusters.import(name, await session.api.snapshot(rev));
    settle(id, "ok");
    toast({ tone: "ok", title: `${name} goes on from there` });
    return true;
  } catch (error) {
    const failure = toFailure(error);
    settle(id, "failed", failure.message);
    toast({ tone: "bad", title: `${name} could not be made`, detail: failure.message || failure.reason });
    return false;
  }
}
