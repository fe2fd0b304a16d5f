/** How React looks at the model: versions of tables, handed on at most ten times a second. */
import { useCallback, useSyncExternalStore } from "react";
import type { TableName } from "@/protocol/frames";
import type { Model } from "./model";

const EVERY_MS = 100;

export class Views {
  private readonly listeners = new Map<TableName, Set<() => void>>();
  private readonly versions = new Map<TableName, number>();
  private readonly pending = new Set<TableName>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = 0;

  constructor(readonly model: Model) {
    model.listen(changes => {
      for (const table of changes.tables) this.pending.add(table);
      if (changes.reset || Date.now() - this.last > EVERY_MS) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), EVERY_MS);
    });
  }

  version(table: TableName): number {
    return this.versions.get(table) ?? 0;
  }

  subscribe(tables: readonly TableName[], listener: () => void): () => void {
    for (const table of tables) {
      const set = this.listeners.get(table) ?? new Set();
      set.add(listener);
      this.listeners.set(table, set);
    }
    return () => {
      for (const table of tables) this.listeners.get(table)?.delete(listener);
    };
  }

  private flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.last = Date.now();
    const called = new Set<() => void>();
    for (const table of this.pending) {
      this.versions.set(table, this.version(table) + 1);
      for (const listener of this.listeners.get(table) ?? []) called.add(listener);
    }
    this.pending.clear();
    for (const listener of called) listener();
  }
}

/** Render again when one of the tables changed; returns a version to memoise by. */
export function useTables(views: Views, ...tables: TableName[]): string {
  const key = tables.join();
  const subscribe = useCallback(
    (listener: () => void) => views.subscribe(key.split(",") as TableName[], listener),
    [views, key],
  );
  return useSyncExternalStore(subscribe, () => tables.map(t => views.version(t)).join());
}
