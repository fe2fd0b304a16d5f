/** The left rail: which view, and what can be broken. */
import { Blocks, LayoutGrid, List, Zap } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { openSide, ui, useUi } from "@/store/ui";
import { Logo } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Tip } from "@/ui/Tip";

function Item(props: {
  label: string;
  keys: string;
  active: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <Tip label={props.label} keys={props.keys} side="right">
      <button
        type="button"
        aria-pressed={props.active}
        onClick={props.onClick}
        className={cx(
          "relative flex w-full flex-col items-center gap-1 rounded-xl py-2 text-[10.5px] font-medium transition-colors",
          props.active ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-hover hover:text-ink",
        )}
      >
        {props.children}
        {props.label}
      </button>
    </Tip>
  );
}

export function Rail() {
  const view = useUi(s => s.view);
  const failures = useUi(s => s.failures);
  const build = useUi(s => s.build);
  return (
    <nav
      aria-label="Views"
      className="flex w-[68px] shrink-0 max-sm:w-[56px] flex-col items-center gap-1 border-r border-line bg-panel px-1.5 py-2.5"
    >
      <Link
        href="/"
        aria-label="All clusters"
        className="mb-2 flex size-10 items-center justify-center rounded-xl hover:bg-hover"
      >
        <Logo size={26} />
      </Link>
      <Item label="Map" keys="G" active={view === "map"} onClick={() => ui.set({ view: "map" })}>
        <LayoutGrid size={19} strokeWidth={1.8} aria-hidden="true" />
      </Item>
      <Item label="List" keys="T" active={view === "list"} onClick={() => ui.set({ view: "list" })}>
        <List size={19} strokeWidth={1.8} aria-hidden="true" />
      </Item>
      <div className="my-1 h-px w-8 bg-line" />
      <Item label="Build" keys="B" active={build} onClick={() => openSide(build ? null : "build")}>
        <Blocks size={19} strokeWidth={1.8} aria-hidden="true" />
      </Item>
      <Item
        label="Failures"
        keys="X"
        active={failures}
        onClick={() => openSide(failures ? null : "failures")}
      >
        <Zap size={19} strokeWidth={1.8} aria-hidden="true" />
      </Item>
    </nav>
  );
}
