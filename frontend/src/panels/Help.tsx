/** Keys, and the switch that turns single letters off. */
import { remember, ui, useUi } from "@/store/ui";
import { Dialog } from "@/ui/Dialog";
import { Keys } from "@/ui/Keys";

const GROUPS: { title: string; keys: [string, string][] }[] = [
  {
    title: "Get around",
    keys: [
      ["Tab", "From region to region"],
      ["← ↑ → ↓", "To the next object"],
      ["Enter", "Into a node"],
      ["Shift-Enter", "Out to the node"],
      ["[ ]", "Previous, next problem"],
      ["Shift-←", "Pan"],
      ["+ -", "Zoom, or scale a workload"],
      ["0", "Fit everything"],
      ["F", "Focus the selection"],
      ["G T", "Map, list"],
      ["/", "Search"],
      ["Ctrl-K", "Commands"],
    ],
  },
  {
    title: "Do",
    keys: [
      ["M", "Move a pod to a node"],
      ["E", "Edit YAML"],
      ["W", "Why?"],
      ["L", "Logs"],
      ["C", "Cordon or uncordon"],
      ["D", "Drain"],
      ["Del", "Delete, remove"],
      ["N", "Add a node"],
      ["X", "Break something"],
      ["B", "Build: nodes, workloads, labels, taints, images"],
      ["Ctrl-Z", "Undo the last step: a moved card, or what has an inverse call"],
      ["Ctrl-Shift-Z", "Do it again"],
      ["Esc", "Cancel, deselect"],
    ],
  },
  {
    title: "Time",
    keys: [
      ["Space", "Pause or run"],
      [".", "Step to the next event"],
      ["< >", "Slower, faster"],
    ],
  },
];

export function Help() {
  const open = useUi(s => s.help);
  const on = useUi(s => s.singleKeys);
  return (
    <Dialog
      open={open}
      onClose={() => ui.set({ help: false })}
      title="Keyboard"
      description="Letters work while the map has focus."
      wide
    >
      <div className="grid gap-6 sm:grid-cols-2">
        {GROUPS.map(g => (
          <section key={g.title}>
            <p className="eyebrow m-0 mb-1.5">{g.title}</p>
            <dl className="m-0 grid grid-cols-[92px_1fr] items-center gap-y-1.5">
              {g.keys.map(([key, what]) => (
                <div key={key} className="contents">
                  <dt>
                    {key.includes(" ") ? (
                      <span className="flex gap-1">
                        {key.split(" ").map(k => (
                          <Keys key={k} keys={k} />
                        ))}
                      </span>
                    ) : (
                      <Keys keys={key} />
                    )}
                  </dt>
                  <dd className="m-0 text-ink-2">{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="mt-5 flex cursor-pointer items-center gap-2 border-t border-line pt-4">
        <input
          type="checkbox"
          checked={on}
          onChange={e => {
            ui.set({ singleKeys: e.target.checked });
            remember("keys", e.target.checked ? "on" : "off");
          }}
          className="accent-[var(--accent)]"
        />
        Single-letter keys
      </label>
    </Dialog>
  );
}
