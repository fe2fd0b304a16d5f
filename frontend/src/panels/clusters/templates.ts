/** What a new cluster may start as. */
import type { NewCluster } from "@/protocol/rest";

export interface Template {
  id: string;
  title: string;
  story: string;
  body: Omit<NewCluster, "name">;
}

export const TEMPLATES: readonly Template[] = [
  {
    id: "three",
    title: "Three nodes",
    story: "One control plane, three workers in three zones",
    body: { workers: 3, controlPlanes: 1, zones: ["zone-a", "zone-b", "zone-c"] },
  },
  {
    id: "ha",
    title: "High availability",
    story: "Three control planes, six workers in three zones",
    body: { workers: 6, controlPlanes: 3, zones: ["zone-a", "zone-b", "zone-c"] },
  },
  {
    id: "large",
    title: "Five hundred nodes",
    story: "A managed control plane and a lot of room",
    body: { workers: 500, controlPlanes: 0, zones: ["zone-a", "zone-b", "zone-c", "zone-d"] },
  },
  {
    id: "bare",
    title: "Bare",
    story: "A control plane without workers or add-ons; add what you like",
    body: { workers: 0, controlPlanes: 1, addons: "none" },
  },
];
