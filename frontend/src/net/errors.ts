/** Everything that can go wrong over HTTP, as values the rest of the page can show and map to lines. */

import type { Status } from "@/protocol/kube";
import type { Problem } from "@/protocol/rest";

/** The API server answered with a Status. */
export class StatusError extends Error {
  constructor(readonly status: Status) {
    super(status.message ?? status.reason ?? `HTTP ${status.code}`);
    this.name = "StatusError";
  }
}

/** The playground's REST answered with a problem object. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ProblemError";
  }
}

/** Nothing answered. */
export class OfflineError extends Error {
  constructor() {
    super("The playground cannot be reached");
    this.name = "OfflineError";
  }
}

export interface Failure {
  code: number;
  reason: string;
  message: string;
  fields: { field: string; message: string }[];
}

/** One shape for toasts, forms and the editor, whatever was thrown. */
export function toFailure(error: unknown): Failure {
  if (error instanceof StatusError) {
    const { status } = error;
    return {
      code: status.code,
      reason: status.reason ?? "Error",
      message: status.message ?? "",
      fields: (status.details?.causes ?? []).flatMap(cause =>
        cause.field ? [{ field: cause.field, message: cause.message ?? "" }] : [],
      ),
    };
  }
  if (error instanceof ProblemError) {
    const { problem } = error;
    return {
      code: problem.status,
      reason: problem.title,
      message: problem.detail ?? "",
      fields: problem.errors ?? [],
    };
  }
  if (error instanceof OfflineError)
    return { code: 0, reason: "Offline", message: error.message, fields: [] };
  return {
    code: 0,
    reason: "Error",
    message: error instanceof Error ? error.message : String(error),
    fields: [],
  };
}
