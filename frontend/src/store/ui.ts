/** State of the page itself: what is selected, open, typed. The cluster's state is in `Model`, never here. */
import { create } from "zustand";
import type { LinkStatus } from "@/net/link";
import type { Peer } from "@/protocol/frames";
import type { AuditFilter } from "@/protocol/rest";

export type RefKind = "pod" | "node" | "workload" | "service" | "component" | "namespace" | "config";

/** Any object of the map: kind and id (uid, or a component's name). */
export interface Ref {
  kind: RefKind;
  id: string;
}

export type Tab = "summary" | "why" | "conditions" | "containers" | "events" | "relations" | "yaml";
export type View = "map" | "list";
export type DockTab = "events" | "activity" | "logs" | "audit";
export type ThemeChoice = "system" | "light" | "dark";
export type LensChoice = "status" | "namespace" | "workload" | "cpu" | "memory" | "qos";

export interface Toast {
  id: number;
  tone: "ok" | "bad" | "plain";
  title: string;
  detail?: string;
  /** what to do next */
  hint?: string;
}

export interface Echo {
  id: number;
  at: number;
  title: string;
  command: string;
  state: "running" | "ok" | "failed";
  error?: string;
}

export interface EditorDraft {
  /** what the tab says */
  title: string;
  /** null for a document that is not in the cluster yet */
  object: { apiVersion: string; kind: string; namespace: string; name: string } | null;
  text: string;
}

/** An API call waiting for a yes, shown where it was caused. */
export interface Confirmation {
  title: string;
  /** what it means in Kubernetes, one or two sentences */
  body: string;
  calls: string[];
  command: string;
  warning?: string;
  action: string;
  danger?: boolean;
  at: { x: number; y: number } | null;
  run: () => void;
}

export interface Drain {
  node: string;
  phase: "cordon" | "evict" | "wait" | "delete" | "done" | "failed" | "cancelled";
  total: number;
  left: number;
  message: string;
  cancel: () => void;
}

export interface UiState {
  view: View;
  theme: ThemeChoice;
  selection: Ref | null;
  tab: Tab;
  inspector: boolean;
  editor: EditorDraft | null;
  dock: DockTab | null;
  logsOf: { ns: string; pod: string; container: string } | null;
  /** what the dock shows of the audit log */
  audit: AuditFilter;
  /** the panels at the left; one at a time */
  failures: boolean;
  build: boolean;
  palette: boolean;
  help: boolean;
  lens: LensChoice;
  /** legend entries that are switched on; empty: everything shows */
  filter: string[];
  search: string;
  packets: boolean;
  singleKeys: boolean;
  link: LinkStatus;
  canWrite: boolean;
  canShare: boolean;
  /** the dialog that shares the cluster */
  share: boolean;
  /** the revision that is shown instead of what is now, and its virtual time */
  past: { rev: number; at: number } | null;
  session: string;
  peers: Peer[];
  toasts: Toast[];
  echoes: Echo[];
  confirmation: Confirmation | null;
  drains: Record<string, Drain>;
  announcement: string;
  set(patch: Partial<UiState>): void;
}

function stored<T extends string>(key: string, fallback: T): T {
  try {
    return (localStorage.getItem(`playground.${key}`) as T | null) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`playground.${key}`, value);
  } catch {
    // Private windows may refuse; the page works without.
  }
}

export const useUi = create<UiState>(set => ({
  view: "map",
  theme: stored<ThemeChoice>("theme", "system"),
  selection: null,
  tab: "summary",
  inspector: false,
  editor: null,
  dock: null,
  logsOf: null,
  audit: {},
  failures: false,
  build: false,
  palette: false,
  help: false,
  lens: "status",
  filter: [],
  search: "",
  packets: stored("packets", "on") === "on",
  singleKeys: stored("keys", "on") === "on",
  link: { phase: "connecting" },
  canWrite: true,
  canShare: false,
  share: false,
  past: null,
  session: "",
  peers: [],
  toasts: [],
  echoes: [],
  confirmation: null,
  drains: {},
  announcement: "",
  set: patch => set(patch),
}));

export const ui = {
  get: useUi.getState,
  set: (patch: Partial<UiState>) => useUi.setState(patch),
};

let serial = 0;

const TOASTS_SHOWN = 4;

export function toast(entry: Omit<Toast, "id">): number {
  const id = ++serial;
  ui.set({ toasts: [...ui.get().toasts.slice(-TOASTS_SHOWN + 1), { ...entry, id }] });
  return id;
}

export function dismiss(id: number): void {
  ui.set({ toasts: ui.get().toasts.filter(t => t.id !== id) });
}

const ECHOES_KEPT = 200;

export function echo(title: string, command: string): number {
  const id = ++serial;
  const entry: Echo = { id, at: Date.now(), title, command, state: "running" };
  ui.set({ echoes: [...ui.get().echoes.slice(-ECHOES_KEPT), entry] });
  return id;
}

export function settle(id: number, state: "ok" | "failed", error?: string): void {
  ui.set({ echoes: ui.get().echoes.map(e => (e.id === id ? { ...e, state, error } : e)) });
}

export function openSide(side: "failures" | "build" | null): void {
  ui.set({ failures: side === "failures", build: side === "build" });
}

export function select(ref: Ref | null, tab?: Tab): void {
  ui.set({ selection: ref, inspector: ref !== null, ...(tab ? { tab } : {}) });
}

export function setDrain(node: string, patch: Partial<Drain> | null): void {
  const drains = { ...ui.get().drains };
  if (patch === null) delete drains[node];
  else drains[node] = { ...(drains[node] as Drain), ...patch };
  ui.set({ drains });
}
