/** Events about one object, latest first. */
import { age, named } from "@/actions/look";
import type { Ref } from "@/store/ui";
import { useTables } from "@/store/views";
import { Badge, Empty } from "@/ui/bits";
import { useNow, useSession } from "../context";

export function ObjectEvents({ of }: { of: Ref }) {
  const session = useSession();
  useTables(session.views, "events");
  const now = useNow();
  const object = named(session, of);
  const list = [...session.model.events.values()]
    .filter(
      e =>
        e.objId === of.id ||
        (object && e.objKind === object.kind && e.objName === object.name && e.objNs === object.ns),
    )
    .sort((a, b) => b.last - a.last);
  if (!list.length) return <Empty title="No events">Nothing was said about it lately.</Empty>;
  return (
    <ol className="m-0 flex list-none flex-col p-0">
      {list.map(e => (
        <li key={e.id} className="border-b border-line py-2.5 first:pt-0 last:border-0">
          <div className="flex items-center gap-2">
            <Badge tone={e.type === "Warning" ? "warn" : "plain"}>{e.reason}</Badge>
            {e.count > 1 && <span className="num font-mono text-[11px] text-ink-3">×{e.count}</span>}
            <span className="ml-auto text-[11.5px] text-ink-3">{age(e.last, now)}</span>
          </div>
          <p className="m-0 mt-1 break-words text-[12.5px] text-ink-2">{e.message}</p>
          <p className="m-0 mt-0.5 text-[11.5px] text-ink-3">{e.source}</p>
        </li>
      ))}
    </ol>
  );
}
