/** A modal dialog. */

import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";

export function Dialog(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <Radix.Root open={props.open} onOpenChange={open => !open && props.onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="enter-fade fixed inset-0 z-40 bg-black/35 backdrop-blur-[2px]" />
        <Radix.Content
          aria-describedby={undefined}
          className={cx(
            "fixed left-1/2 top-[8vh] z-50 flex max-h-[84vh] w-[92vw] -translate-x-1/2 flex-col overflow-hidden rounded-2xl border border-line bg-panel shadow-float outline-none",
            props.wide ? "max-w-3xl" : "max-w-lg",
          )}
        >
          <header className="flex items-start justify-between gap-4 px-5 pb-1 pt-4">
            <div>
              <Radix.Title className="m-0 text-[17px] font-semibold tracking-[-0.01em]">
                {props.title}
              </Radix.Title>
              {props.description && <p className="m-0 mt-0.5 text-ink-2">{props.description}</p>}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" size="sm">
                <X size={16} />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 overflow-auto px-5 pb-5 pt-3">{props.children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
