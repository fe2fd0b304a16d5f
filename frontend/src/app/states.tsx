/** A page that has nothing to show yet, or never will. */
import { Link } from "wouter";
import { Empty, Logo, Spinner } from "@/ui/bits";

export function Loading() {
  return (
    <div
      className="flex h-full flex-1 flex-col items-center justify-center gap-3 bg-canvas text-ink-2"
      role="status"
    >
      <Spinner size={26} />
      Opening the cluster
    </div>
  );
}

export function Blocked({ name, reason }: { name: string; reason: string }) {
  return (
    <div className="flex h-full flex-1 items-center justify-center bg-canvas">
      <Empty icon={<Logo size={44} />} title={reason}>
        “{name}” cannot be opened.{" "}
        <Link href="/" className="text-accent underline underline-offset-2">
          All clusters
        </Link>
      </Empty>
    </div>
  );
}
