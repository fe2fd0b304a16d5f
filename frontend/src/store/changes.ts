/** What one applied frame changed, in integer ids: the renderer's and the views' only input. */
import type { Note, TableName } from "@/protocol/frames";

export interface PodMove {
  pod: number;
  /** node before, -1 if it had none */
  from: number;
}

export interface Changes {
  /** a snapshot: take everything anew, do not animate */
  reset: boolean;
  podsAdded: number[];
  /** still readable until the next frame; their integer ids are not reused before it */
  podsRemoved: number[];
  podsMoved: PodMove[];
  podsChanged: number[];
  nodesAdded: number[];
  nodesRemoved: number[];
  nodesChanged: number[];
  tables: Set<TableName>;
  notes: Note[];
}

export function noChanges(reset = false): Changes {
  return {
    reset,
    podsAdded: [],
    podsRemoved: [],
    podsMoved: [],
    podsChanged: [],
    nodesAdded: [],
    nodesRemoved: [],
    nodesChanged: [],
    tables: new Set(),
    notes: [],
  };
}
