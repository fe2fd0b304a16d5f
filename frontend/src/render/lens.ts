/** Lenses: what the fill of a pod tile says. State stays readable by glyph under each of them. */
import type { Model } from "@/store/model";
import { PALETTE_SIZE } from "./theme";

export type LensName = "status" | "namespace" | "workload" | "cpu" | "memory" | "qos";

export const LENSES: readonly { name: LensName; title: string }[] = [
  { name: "status", title: "Status" },
  { name: "namespace", title: "Namespace" },
  { name: "workload", title: "Workload" },
  { name: "cpu", title: "CPU request" },
  { name: "memory", title: "Memory request" },
  { name: "qos", title: "QoS class" },
];

const QOS = ["Guaranteed", "Burstable", "BestEffort"];
const CPU_STEPS = [1, 100, 250, 500, 1000, 2000];
const MEM_STEPS = [1, 64, 128, 256, 512, 1024].map(mi => mi * 2 ** 20);

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h >>> 0) % PALETTE_SIZE;
}

function step(steps: readonly number[], value: number): number {
  let i = 0;
  while (i < steps.length && value >= steps[i]!) i++;
  return i;
}

/** Index into the palette for a pod, or -1 for its state's own colour. */
export function lensColor(lens: LensName, model: Model, pod: number): number {
  const { pods } = model;
  switch (lens) {
    case "status":
      return -1;
    case "namespace":
      return hash(pods.ns[pod]!);
    case "workload":
      return hash(`${pods.ns[pod]}/${pods.workload[pod]}`);
    case "cpu":
      return step(CPU_STEPS, pods.cpu[pod]!);
    case "memory":
      return step(MEM_STEPS, pods.mem[pod]!);
    case "qos":
      return Math.max(0, QOS.indexOf(pods.qos[pod]!)) * 3;
  }
}

export function lensLabel(lens: LensName, model: Model, pod: number): string {
  const { pods } = model;
  switch (lens) {
    case "status":
      return pods.status[pod]!;
    case "namespace":
      return pods.ns[pod]!;
    case "workload":
      return pods.workload[pod]!;
    case "cpu": {
      const i = lensColor(lens, model, pod);
      return i === 0 ? "none" : `≥ ${CPU_STEPS[i - 1]}m`;
    }
    case "memory": {
      const i = lensColor(lens, model, pod);
      return i === 0 ? "none" : `≥ ${Math.round(MEM_STEPS[i - 1]! / 2 ** 20)}Mi`;
    }
    case "qos":
      return pods.qos[pod] || "BestEffort";
  }
}
