/** Running an action: echo its kubectl equivalent, show what the API said, leave nothing half-told. */
import { type Failure, toFailure } from "@/net/errors";
import { history } from "@/store/history";
import { echo, settle, toast, ui } from "@/store/ui";

export interface Job<T> {
  title: string;
  /** the same thing in a terminal */
  command: string;
  run: () => Promise<T>;
  /** the call that takes it back, where there is one */
  undo?: Inverse<T>;
  /** said when it worked; nothing if left out */
  done?: (result: T) => string;
}

export interface Inverse<T> {
  /** the same thing in a terminal */
  command: string;
  /** Must change nothing if somebody else has changed it since. */
  run: (result: T) => Promise<unknown>;
}

/** What to try next, for the refusals people meet most. */
export function hintFor(failure: Failure): string | undefined {
  if (failure.code === 0) return "Wait for the connection, then try again.";
  if (failure.code === 403) return "Your role in this cluster does not allow it.";
  if (failure.code === 404) return "It is gone, or was never there. The map shows what there is.";
  if (failure.code === 409) return "Somebody else changed it first. Look at it again, then retry.";
  if (failure.code === 429) return "A PodDisruptionBudget holds it back. Scale up or wait, then try again.";
  if (failure.code >= 500) return "The server's log says more.";
  return undefined;
}

/** Runs the job; answers undefined after telling about a failure. A job with an inverse can be taken back then. */
export async function run<T>(job: Job<T>): Promise<T | undefined> {
  const outcome = await attempt(job);
  if (outcome === FAILED) return undefined;
  if (job.undo) remember(job, job.undo, outcome.result);
  return outcome.result;
}

const FAILED = Symbol("failed");

function remember<T>(job: Job<T>, inverse: Inverse<T>, first: T): void {
  let result = first;
  history.push({
    title: job.title,
    scope: "cluster",
    how: inverse.command,
    undo: async () =>
      (await attempt({
        title: `Undo: ${job.title}`,
        command: inverse.command,
        run: () => inverse.run(result),
        done: () => `Undone: ${job.title}`,
      })) !== FAILED,
    redo: async () => {
      const again = await attempt(job);
      if (again === FAILED) return false;
      result = again.result;
      return true;
    },
  });
}

async function attempt<T>(job: Job<T>): Promise<{ result: T } | typeof FAILED> {
  if (!ui.get().canWrite) {
    const past = ui.get().past !== null;
    toast({
      tone: "bad",
      title: past ? "The past cannot be changed" : "You may only look",
      detail: past
        ? "Return to live, or fork a cluster from here."
        : "Your role in this cluster does not allow changes.",
    });
    return FAILED;
  }
  const id = echo(job.title, job.command);
  try {
    const result = await job.run();
    settle(id, "ok");
    const words = job.done?.(result);
    if (words) toast({ tone: "ok", title: words });
    return { result };
  } catch (error) {
    const failure = toFailure(error);
    settle(id, "failed", failure.message);
    toast({
      tone: "bad",
      title: `${job.title}: ${failure.code ? `${failure.code} ` : ""}${failure.reason}`,
      detail: failure.message,
      hint: hintFor(failure),
    });
    return FAILED;
  }
}
