/** What can be taken back: changes of the map's layout, and changes of the cluster that have an inverse call. */
import { create } from "zustand";

export interface Step {
  /** what was done, as "Scale web to 3" */
  title: string;
  scope: "layout" | "cluster";
  /** what taking it back means: the inverse call, or that only the map changes */
  how: string;
  /** Resolves to false if it could not be done; the step is then gone. */
  undo: () => Promise<boolean> | boolean;
  redo: () => Promise<boolean> | boolean;
}

interface History {
  past: Step[];
  future: Step[];
  busy: boolean;
}

const KEPT = 100;

export const useHistory = create<History>(() => ({ past: [], future: [], busy: false }));

export const history = {
  push(step: Step): void {
    const { past } = useHistory.getState();
    useHistory.setState({ past: [...past.slice(-KEPT + 1), step], future: [] });
  },

  clear(): void {
    useHistory.setState({ past: [], future: [], busy: false });
  },

  /** Take the last step back. */
  undo(): Promise<void> {
    return move("past", "future", step => step.undo());
  },

  redo(): Promise<void> {
    return move("future", "past", step => step.redo());
  },
};

async function move(
  from: "past" | "future",
  to: "past" | "future",
  act: (step: Step) => Promise<boolean> | boolean,
): Promise<void> {
  const state = useHistory.getState();
  const step = state[from].at(-1);
  if (!step || state.busy) return;
  useHistory.setState({ busy: true, [from]: state[from].slice(0, -1) });
  let done = false;
  try {
    done = await act(step);
  } finally {
    const now = useHistory.getState();
    useHistory.setState({ busy: false, ...(done ? { [to]: [...now[to], step] } : {}) });
  }
}
