/** Where people put the cards of a cluster: kept in the browser, never in the cluster. */
import type { Point } from "@/scene/geometry";
import { remember } from "@/store/ui";

export function loadLayout(key: string): Map<string, Point> {
  try {
    const raw = JSON.parse(localStorage.getItem(`playground.${key}`) ?? "[]") as [string, Point][];
    return new Map(
      raw.filter(
        ([name, at]) => typeof name === "string" && Number.isFinite(at?.x) && Number.isFinite(at?.y),
      ),
    );
  } catch {
    return new Map();
  }
}

export function saveLayout(key: string, moved: Map<string, Point>): void {
  remember(key, JSON.stringify([...moved.entries()]));
}
