/** A menu of commands, as dropdown or at a point. */
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { Keys } from "./Keys";

export interface MenuEntry {
  id: string;
  title: string;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

const CONTENT =
  "enter-rise z-50 max-h-[70vh] min-w-56 overflow-auto rounded-xl border border-line bg-raised p-1 shadow-float outline-none";

function Entries({ entries, title }: { entries: MenuEntry[]; title?: string }) {
  return (
    <>
      {title && (
        <DropdownMenu.Label className="truncate px-2.5 pb-1 pt-1.5 font-mono text-[11px] text-ink-3">
          {title}
        </DropdownMenu.Label>
      )}
      {entries.map((entry, i) => (
        <div key={entry.id}>
          {entry.danger && i > 0 && !entries[i - 1]!.danger && (
            <DropdownMenu.Separator className="my-1 h-px bg-line" />
          )}
          <DropdownMenu.Item
            disabled={entry.disabled}
            onSelect={entry.run}
            className={cx(
              "flex cursor-default items-center justify-between gap-6 rounded-lg px-2.5 py-1.5 text-[13px] outline-none data-[disabled]:opacity-40 data-[highlighted]:bg-hover",
              entry.danger ? "text-bad" : "text-ink",
            )}
          >
            {entry.title}
            {entry.keys && <Keys keys={entry.keys} />}
          </DropdownMenu.Item>
        </div>
      ))}
    </>
  );
}

export function Menu(props: {
  entries: MenuEntry[];
  title?: string;
  align?: "start" | "end";
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{props.children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={props.align ?? "end"}
          sideOffset={6}
          collisionPadding={8}
          className={CONTENT}
        >
          <Entries entries={props.entries} title={props.title} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** A menu at a point of the screen, open until it is left. */
export function PointMenu(props: {
  x: number;
  y: number;
  entries: MenuEntry[];
  title?: string;
  onClose: () => void;
}) {
  return (
    <DropdownMenu.Root open modal={false} onOpenChange={open => !open && props.onClose()}>
      <DropdownMenu.Trigger asChild>
        <span
          aria-hidden="true"
          className="pointer-events-none fixed size-0"
          style={{ left: props.x, top: props.y }}
        />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" sideOffset={2} collisionPadding={8} className={CONTENT}>
          <Entries entries={props.entries} title={props.title} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
