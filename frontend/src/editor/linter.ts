/** The page's side of the lint worker: the latest text wins. */
import type { Schema } from "@/protocol/rest";
import type { Finding } from "./lint";
import type { LintReply } from "./worker";

export class Linter {
  private readonly worker: Worker;
  private serial = 0;
  private readonly waiting = new Map<number, (findings: Finding[]) => void>();

  constructor() {
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = (event: MessageEvent<LintReply>) => {
      this.waiting.get(event.data.id)?.(event.data.findings);
      this.waiting.delete(event.data.id);
    };
  }

  setSchema(schema: Schema): void {
    this.worker.postMessage({ schema });
  }

  lint(text: string): Promise<Finding[]> {
    const id = ++this.serial;
    return new Promise(done => {
      this.waiting.set(id, done);
      this.worker.postMessage({ id, text });
    });
  }

  dispose(): void {
    this.worker.terminate();
    this.waiting.clear();
  }
}
