/** fetch with the session's CSRF token, and answers decoded into values or typed errors. */
import type { Status } from "@/protocol/kube";
import { OfflineError, ProblemError, StatusError } from "./errors";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Where the CSRF token is kept between requests; filled from `GET /api/v1/session`. */
export const csrf = { token: "" };

function cookieToken(): string {
  if (typeof document === "undefined") return "";
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

export interface Call {
  method?: string;
  body?: unknown;
  /** sent as is, with `type` */
  text?: string;
  type?: string;
  accept?: string;
  signal?: AbortSignal;
}

/** A token may have gone out of date while the page was open: it is fetched anew once. */
export async function request(url: string, call: Call = {}): Promise<Response> {
  try {
    return await requestOnce(url, call);
  } catch (error) {
    const stale = error instanceof ProblemError && error.problem.status === 403 && /CSRF/.test(error.message);
    if (!stale) throw error;
    const answer = await requestOnce("/api/v1/session");
    csrf.token = ((await answer.json()) as { csrf: string }).csrf;
    return requestOnce(url, call);
  }
}

async function requestOnce(url: string, call: Call = {}): Promise<Response> {
  const method = call.method ?? "GET";
  const headers: Record<string, string> = { Accept: call.accept ?? "application/json" };
  let body: string | undefined;
  if (call.text !== undefined) {
    body = call.text;
    headers["Content-Type"] = call.type ?? "application/yaml";
  } else if (call.body !== undefined) {
    body = JSON.stringify(call.body);
    headers["Content-Type"] = call.type ?? "application/json";
  }
  if (!SAFE.has(method)) headers["X-CSRFToken"] = cookieToken() || csrf.token;
  let response: Response;
  try {
    response = await fetch(url, { method, headers, body, credentials: "same-origin", signal: call.signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new OfflineError();
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export async function json<T>(url: string, call: Call = {}): Promise<T> {
  const response = await request(url, call);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function failure(response: Response): Promise<Error> {
  const text = await response.text().catch(() => "");
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    const title = response.status >= 500 ? "The server failed to answer" : response.statusText;
    return new ProblemError({ title: title || `HTTP ${response.status}`, status: response.status });
  }
  if (isStatus(data)) return new StatusError({ ...data, code: data.code ?? response.status });
  const problem = (data ?? {}) as { title?: string; detail?: string; status?: number };
  return new ProblemError({
    ...problem,
    title: problem.title ?? response.statusText ?? "Error",
    detail: typeof problem.detail === "string" ? problem.detail : undefined,
    status: problem.status ?? response.status,
  });
}

function isStatus(data: unknown): data is Status {
  return typeof data === "object" && data !== null && (data as { kind?: unknown }).kind === "Status";
}
