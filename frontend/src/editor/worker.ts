/** The linter in a worker: two thousand lines take a tenth of a second, which typing must not feel. */
import type { Schema } from "@/protocol/rest";
import { type Finding, lintYaml } from "./lint";
import { SchemaIndex } from "./schema";

export type LintRequest = { id: number; text: string } | { schema: Schema };

export interface LintReply {
  id: number;
  findings: Finding[];
}

let index: SchemaIndex | null = null;

self.onmessage = (event: MessageEvent<LintRequest>) => {
  if ("schema" in event.data) {
    index = new SchemaIndex(event.data.schema);
    return;
  }
  const reply: LintReply = { id: event.data.id, findings: lintYaml(event.data.text, index) };
  self.postMessage(reply);
};
