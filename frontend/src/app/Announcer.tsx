/** The live region: what screen readers hear. Answers to keys at once, changes of the cluster at most every 5 s. */
import { useEffect, useState } from "react";
import { useSession } from "@/panels/context";
import type { Changes } from "@/store/changes";
import { STATE } from "@/store/pods";
import { useUi } from "@/store/ui";

const EVERY_MS = 5000;

export function Announcer() {
  const session = useSession();
  const said = useUi(s => s.announcement);
  const [news, setNews] = useState("");
  useEffect(() => {
    let ready = 0;
    let failing = 0;
    const nodes = new Map<string, string>();
    const before = new Map<number, number>();
    const ready0 = new Map<string, string>();
    const note = (changes: Changes) => {
      const { pods } = session.model;
      for (const i of [...changes.podsAdded, ...changes.podsChanged]) {
        const state = pods.state[i]!;
        if (!changes.reset && before.get(i) !== state) {
          if (state === STATE.running) ready++;
          if (state === STATE.crash || state === STATE.failed) failing++;
        }
        before.set(i, state);
      }
      for (const i of [...changes.nodesAdded, ...changes.nodesChanged]) {
        const node = session.model.nodes.at(i);
        if (!node) continue;
        const old = ready0.get(node.name);
        ready0.set(node.name, node.ready);
        if (!changes.reset && old !== undefined && old !== node.ready)
          nodes.set(node.name, node.ready === "True" ? "ready" : "not ready");
      }
    };
    const stop = session.model.listen(note);
    const timer = setInterval(() => {
      const parts = [...nodes.entries()].slice(0, 3).map(([name, word]) => `${name} ${word}`);
      if (ready) parts.push(`${ready} pod${ready === 1 ? "" : "s"} became ready`);
      if (failing) parts.push(`${failing} pod${failing === 1 ? "" : "s"} failing`);
      if (parts.length) setNews(parts.join("; "));
      ready = 0;
      failing = 0;
      nodes.clear();
    }, EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [session]);
  return (
    <>
      <div className="sr-only" aria-live="polite" data-testid="announcement">
        {said}
      </div>
      <div className="sr-only" aria-live="polite">
        {news}
      </div>
    </>
  );
}
