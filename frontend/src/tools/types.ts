/** Tools: what pointer and keys mean on the map. Small state machines over an injected host; no DOM, no network. */
import type { MoveVerdicts } from "@/protocol/rest";
import type { Marks } from "@/render/live";
import type { Camera } from "@/scene/camera";
import type { Point, Rect } from "@/scene/geometry";
import type { Hit, Scene } from "@/scene/scene";
import type { Ref } from "@/store/ui";

export interface PointerInput {
  type: "down" | "move" | "up" | "cancel" | "leave" | "double";
  pointer: number;
  /** CSS pixels from the map's top-left corner */
  x: number;
  y: number;
  button: number;
  shift: boolean;
  touch: boolean;
}

export interface ToolHost {
  readonly scene: Scene;
  camera(): Camera;
  setCamera(camera: Camera): void;
  world(x: number, y: number): Point;
  hit(x: number, y: number): Hit;
  marks(marks: Partial<Marks>): void;
  cursor(name: string): void;
  /** `inspect`: show it in the inspector too (the default) */
  select(ref: Ref | null, inspect?: boolean): void;
  hover(ref: Ref | null, x: number, y: number): void;
  focus(ref: Ref): void;
  menu(ref: Ref, x: number, y: number): void;
  addNode(): void;
  canWrite(): boolean;
  /** one question for all nodes; null when nobody can say */
  verdicts(pod: number): Promise<MoveVerdicts | null>;
  /** a pod was dropped on a node: plan it, show the popover */
  dropPod(pod: number, node: number, verdicts: MoveVerdicts | null, at: Point): void;
  /** a workload's edge was let go at so many replicas */
  scaleTo(id: string, replicas: number, at: Point): void;
  refuse(text: string): void;
  /** a card was put down; null: back to its place */
  placeCard(node: number, at: Point | null): void;
  /** a card being moved about, before it is put down */
  snapCard(node: number, at: Point): Rect;
  bin(state: "hidden" | "shown" | "hot" | "hot-shift"): void;
  overBin(x: number, y: number): boolean;
  /** a pod was thrown away */
  binPod(pod: number, force: boolean, at: Point): void;
  binNode(node: number, plug: boolean, at: Point): void;
}

/** A state takes inputs until it hands over to another. */
export interface ToolState {
  readonly name: string;
  on(input: PointerInput, host: ToolHost): ToolState;
  /** Escape, lost connection, tool switched: put everything back. */
  cancel(host: ToolHost): ToolState;
}

export const DRAG_THRESHOLD = 4;
export const TOUCH_THRESHOLD = 10;
