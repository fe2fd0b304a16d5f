/** The real stack, as `make run` starts it: Redis, a worker, Daphne, on ports and data of its own. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PYTHON = join(ROOT, ".venv/bin/python");

/** Why it cannot be started here; false if it can. */
export const missing =
  process.env.E2E_REAL === "0"
    ? "E2E_REAL=0"
    : existsSync(PYTHON)
      ? false
      : "there is no .venv: run make first";

const READY_MS = 90_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Stack {
  constructor(port, k8sPort) {
    this.port = port;
    this.data = mkdtempSync(join(tmpdir(), "playground-e2e-"));
    this.env = { ...process.env, PORT: String(port), K8S_PORT: String(k8sPort), PLAYGROUND_DATA: this.data };
    this.child = null;
  }

  static async start() {
    const stack = new Stack(await freePort(), await freePort());
    await stack.up();
    return stack;
  }

  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  up() {
    this.child = spawn(PYTHON, ["-m", "playground.supervisor"], {
      cwd: ROOT,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { child } = this;
    return new Promise((resolve, reject) => {
      let said = "";
      const timer = setTimeout(() => reject(new Error(`not ready after ${READY_MS} ms: ${said}`)), READY_MS);
      const hear = chunk => {
        said += chunk;
        if (said.includes("is ready at")) {
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", code => {
        clearTimeout(timer);
        reject(new Error(`the stack ended with ${code}: ${said}`));
      });
    });
  }

  down() {
    const { child } = this;
    if (!child || child.exitCode !== null) return Promise.resolve();
    return new Promise(resolve => {
      child.on("exit", resolve);
      child.kill("SIGTERM");
    });
  }

  async remove() {
    await this.down();
    rmSync(this.data, { recursive: true, force: true });
  }

  manage(...args) {
    return execFileSync(PYTHON, ["manage.py", ...args], { cwd: ROOT, env: this.env, encoding: "utf8" });
  }
}
