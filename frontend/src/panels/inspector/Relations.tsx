/** Who owns it, what it owns, what it serves. */
import type { ReactNode } from "react";
import { POD_STATES } from "@/protocol/rows";
import type { Ref } from "@/store/ui";
import { Empty } from "@/ui/bits";
import { StateTile } from "@/ui/StateTile";
import { useSession } from "../context";
import { LinkTo } from "./Summary";

interface Line {
  key: string;
  icon?: ReactNode;
  to: Ref;
  text: string;
  note: string;
}

interface Section {
  title: string;
  lines: Line[];
}

const SHOWN = 40;

export function Relations({ of }: { of: Ref }) {
  const session = useSession();
  const { model } = session;
  const { pods } = model;
  const sections: Section[] = [];
  const podLine = (i: number): Line => ({
    key: pods.id[i]!,
    icon: <StateTile state={POD_STATES[pods.state[i]!]!} size={15} />,
    to: { kind: "pod", id: pods.id[i]! },
    text: pods.name[i]!,
    note: pods.nodeName[i] || "no node",
  });
  const podsWhere = (keep: (i: number) => boolean) => [...pods.indices()].filter(keep).map(podLine);
  const workloadLine = (id: string): Line[] => {
    const w = model.workloads.get(id);
    return w
      ? [
          {
            key: w.id,
            to: { kind: "workload", id: w.id },
            text: w.name,
            note: `${w.kind} · ${w.ready}/${w.desired}`,
          },
        ]
      : [];
  };
  if (of.kind === "pod") {
    const pod = model.pods.get(of.id);
    const owners: Line[] = [];
    for (let id = pod?.owner ?? ""; id && owners.length < 4; id = model.workloads.get(id)?.owner ?? "") {
      const line = workloadLine(id);
      if (!line.length) break;
      owners.push(...line);
    }
    const i = pod ? model.nodeByName.get(pod.node) : undefined;
    const node = i === undefined ? undefined : model.nodes.at(i);
    sections.push({ title: "Owned by", lines: owners });
    if (node) {
      sections.push({
        title: "Runs on",
        lines: [{ key: node.id, to: { kind: "node", id: node.id }, text: node.name, note: node.zone }],
      });
    }
  } else if (of.kind === "node") {
    const index = model.nodes.index.get(of.id);
    sections.push({ title: "Pods", lines: podsWhere(i => pods.node[i] === index) });
  } else if (of.kind === "workload") {
    const w = model.workloads.get(of.id);
    const sets = [...model.workloads.values()]
      .filter(x => x.owner === of.id)
      .sort((a, b) => b.created - a.created);
    if (w?.owner) sections.push({ title: "Owned by", lines: workloadLine(w.owner) });
    if (sets.length) sections.push({ title: "Owns", lines: sets.flatMap(x => workloadLine(x.id)) });
    const top = w ? `${w.kind}/${w.name}` : "";
    sections.push({
      title: "Pods",
      lines: podsWhere(i => pods.owner[i] === of.id || (pods.ns[i] === w?.ns && pods.workload[i] === top)),
    });
  } else if (of.kind === "service") {
    return (
      <Empty title="Endpoints are drawn on the map">
        Lines lead from the service to each pod that answers for it.
      </Empty>
    );
  }
  const filled = sections.filter(s => s.lines.length > 0);
  if (!filled.length) return <Empty title="No relations">Nothing owns it, and it owns nothing.</Empty>;
  return (
    <div className="flex flex-col gap-4">
      {filled.map(s => (
        <section key={s.title}>
          <p className="eyebrow m-0 mb-1">
            {s.title} <span className="num font-mono">{s.lines.length}</span>
          </p>
          <ul className="m-0 list-none p-0">
            {s.lines.slice(0, SHOWN).map(l => (
              <li
                key={l.key}
                className="flex items-center gap-2 border-b border-line py-1.5 text-[12.5px] last:border-0"
              >
                {l.icon}
                <span className="min-w-0 flex-1">
                  <LinkTo to={l.to} text={l.text} />
                </span>
                <span className="shrink-0 text-[11.5px] text-ink-3">{l.note}</span>
              </li>
            ))}
          </ul>
          {s.lines.length > SHOWN && (
            <p className="m-0 pt-1 text-[12px] text-ink-3">and {s.lines.length - SHOWN} more</p>
          )}
        </section>
      ))}
    </div>
  );
}
