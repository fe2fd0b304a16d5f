/** A table of row objects with stable integer ids, for everything but pods. */
import type { RowArray } from "@/protocol/frames";

export function toObject<T>(cols: readonly string[], row: RowArray): T {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < cols.length; i++) object[cols[i]!] = row[i];
  return object as T;
}

export class Table<T extends { id: string }> {
  cols: readonly string[] = [];
  readonly rows: (T | undefined)[] = [];
  readonly index = new Map<string, number>();
  /** grows with each change; what views subscribe to */
  version = 0;
  private free: number[] = [];
  private freed: number[] = [];

  get size(): number {
    return this.index.size;
  }

  get(id: string): T | undefined {
    const i = this.index.get(id);
    return i === undefined ? undefined : this.rows[i];
  }

  at(i: number): T | undefined {
    return this.rows[i];
  }

  *values(): IterableIterator<T> {
    for (const row of this.rows) if (row) yield row;
  }

  list(): T[] {
    return [...this.values()];
  }

  /** Integer ids given back in the last frame may be reused from now on. */
  recycle(): void {
    if (this.freed.length) {
      this.free.push(...this.freed);
      this.freed = [];
    }
  }

  put(row: T): number {
    this.version++;
    let i = this.index.get(row.id);
    if (i === undefined) {
      i = this.free.pop() ?? this.rows.length;
      this.index.set(row.id, i);
    }
    this.rows[i] = row;
    return i;
  }

  remove(id: string): number {
    const i = this.index.get(id);
    if (i === undefined) return -1;
    this.version++;
    this.index.delete(id);
    this.rows[i] = undefined;
    this.freed.push(i);
    return i;
  }
}
