import { describe, expect, it } from "vitest";
import { blastRadius, findingsOf } from "@/editor/apply";
import { optionsAt, spotAt } from "@/editor/complete";
import { diffLines, hunks } from "@/editor/diff";
import { fieldSteps, lintYaml, locate, splitDocuments } from "@/editor/lint";
import { didYouMean, SchemaIndex } from "@/editor/schema";
import { fieldAt, Words } from "@/editor/words";
import type { Schema } from "@/protocol/rest";
// @ts-expect-error a plain script without types
import { fakeSchema } from "../tools/fake/schema.mjs";

const index = new SchemaIndex(fakeSchema as Schema);

const GOOD = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: nginx
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
`;

/** Findings as "line: message". */
function lint(text: string): string[] {
  return lintYaml(text, index).map(f => `${text.slice(0, f.from).split("\n").length}: ${f.message}`);
}

describe("linter", () => {
  it("finds nothing wrong with what is right", () => {
    expect(lint(GOOD)).toEqual([]);
    expect(lint(`# nothing\n---\n${GOOD}---\n${GOOD}`)).toEqual([]);
  });

  it.each([
    ["  replicas: 3", "  replcas: 3", "6: Unknown field replcas; did you mean replicas?"],
    ["  replicas: 3", '  replicas: "3"', '6: Expected a whole number, found the string "3"'],
    ["  replicas: 3", "  replicas: 2.5", "6: Expected a whole number, found the number 2.5"],
    ["cpu: 100m", "cpu: lots", '20: "lots" is no quantity; write it like 100m, 0.5 or 64Mi'],
    [
      "        app: web\n    spec",
      "        app: true\n    spec",
      "13: Expected a string, found the boolean true; put it in quotes",
    ],
    [
      "kind: Deployment",
      "kind: Deploymnt",
      "2: This cluster has no kind Deploymnt; did you mean Deployment?",
    ],
    ["apps/v1", "v1", "1: There is no Deployment in v1; use apps/v1"],
    ["  name: web\nspec", "  labels: {}\nspec", "3: metadata.name is missing"],
    ["        - name: web\n          image", "        - image", "16: name is required"],
    [
      "      containers:\n",
      "      hostNetwork: true\n      containers:\n",
      "15: hostNetwork is valid Kubernetes, but has no effect here: no packets are sent here",
    ],
    [
      "      containers:\n",
      "      restartPolicy: Alway\n      containers:\n",
      "15: Must be one of Always, OnFailure, Never; did you mean Always?",
    ],
  ])("says what is wrong and where (%#)", (from, to, finding) => {
    const text = GOOD.replace(from, to);
    expect(text).not.toBe(GOOD);
    expect(lint(text)).toContain(finding);
  });

  it("reports syntax at its place and goes on with the next document", () => {
    const broken = `a: [1\n---\n${GOOD.replace("replicas", "replics")}`;
    const found = lint(broken);
    expect(found.some(f => f.endsWith("did you mean replicas?"))).toBe(true);
    expect(found.length).toBeGreaterThan(1);
  });

  it("looks into Lists", () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n  dat: {}\n`;
    expect(lint(list)).toEqual(["8: Unknown field dat; did you mean data?"]);
  });

  it("is quick enough to run while one types", () => {
    const text = Array.from({ length: 90 }, () => GOOD).join("---\n");
    const start = performance.now();
    expect(lintYaml(text, index)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1500);
  });
});

describe("places", () => {
  it("takes paths apart as the server writes them", () => {
    expect(fieldSteps("spec.containers[0].image")).toEqual(["spec", "containers", 0, "image"]);
    expect(fieldSteps("metadata.labels[app.kubernetes.io/name]")).toEqual([
      "metadata",
      "labels",
      "app.kubernetes.io/name",
    ]);
    expect(fieldSteps('data["a.b"]')).toEqual(["data", "a.b"]);
    expect(fieldSteps('.spec.ports[port=80,protocol="TCP"].name')).toEqual([
      "spec",
      "ports",
      { port: "80", protocol: "TCP" },
      "name",
    ]);
  });

  it.each([
    ["spec.template.spec.containers[0].image", "nginx"],
    ['spec.template.spec.containers[name="web"].image', "nginx"],
    ["spec.replicas", "3"],
    ["spec.template.spec.containers[0].ports[0].containerPort", "name"],
    ["spec.strategy.type", "spec"],
  ])("finds %s", (path, word) => {
    const at = locate(GOOD, 0, path)!;
    expect(GOOD.slice(at.from, at.to)).toContain(word);
  });

  it("finds them in the right document", () => {
    const two = `${GOOD}---\n${GOOD.replaceAll("web", "other")}`;
    const at = locate(two, 1, "metadata.name")!;
    expect(two.slice(at.from, at.to)).toBe("other");
    expect(at.from).toBeGreaterThan(GOOD.length);
  });

  it("splits a text into its objects, each complete", () => {
    const two = `# first\n${GOOD}---\n# nothing\n---\n${GOOD.replaceAll("web", "other")}`;
    const { documents, error } = splitDocuments(two);
    expect(error).toBe("");
    expect(documents.map(d => [d.kind, d.name])).toEqual([
      ["Deployment", "web"],
      ["Deployment", "other"],
    ]);
    for (const d of documents) expect(splitDocuments(d.text).documents.map(x => x.name)).toEqual([d.name]);
  });

  it("says what it cannot take apart", () => {
    expect(splitDocuments("a: 1").error).toMatch(/apiVersion/);
    expect(splitDocuments("a: [").error).not.toBe("");
  });

  it("puts the server's words where they belong", () => {
    const document = splitDocuments(GOOD).documents[0]!;
    const outcome = { document, path: "", object: null, warnings: [], code: 422, conflicts: [], error: "" };
    const invalid = findingsOf(
      { ...outcome, error: "is invalid", fields: [{ field: "spec.replicas", message: "must be 0 or more" }] },
      GOOD,
      0,
    );
    expect(GOOD.slice(invalid[0]!.from, invalid[0]!.to)).toBe("3");
    const strict = findingsOf(
      { ...outcome, error: 'strict decoding error: unknown field "spec.replicas"' },
      GOOD,
      0,
    );
    expect(GOOD.slice(strict[0]!.from, strict[0]!.to)).toBe("3");
    const typed = findingsOf(
      {
        ...outcome,
        error:
          'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].image: field not declared in schema',
      },
      GOOD,
      0,
    );
    expect(GOOD.slice(typed[0]!.from, typed[0]!.to)).toBe("nginx");
    const conflict = findingsOf(
      {
        ...outcome,
        code: 409,
        error: "conflict",
        conflicts: [{ field: "spec.replicas", message: "conflict with kubectl" }],
      },
      GOOD,
      0,
    );
    expect(conflict).toMatchObject([{ severity: "warning", message: "conflict with kubectl" }]);
  });
});

describe("blast radius", () => {
  const object = (replicas: number, image: string, kind = "Deployment") => ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "web" },
    spec: { replicas, template: { spec: { containers: [{ image }] } } },
  });
  it.each([
    [null, object(1, "a"), ["Creates Deployment web"]],
    [object(6, "a"), object(6, "b"), ["Replaces 6 pods (RollingUpdate)"]],
    [object(3, "a"), object(5, "a"), ["Adds 2 pods"]],
    [object(3, "a"), object(2, "a"), ["Removes 1 pod"]],
    [object(3, "a"), object(3, "a"), ["Changes nothing"]],
    [object(1, "a", "DaemonSet"), object(1, "b", "DaemonSet"), ["Replaces its pod on each node"]],
  ])("is told in words (%#)", (before, after, words) => {
    expect(blastRadius(before, after)).toEqual(words);
  });
});

describe("completion", () => {
  /** `|` marks the cursor. */
  function at(marked: string): { spot: ReturnType<typeof spotAt>; labels: string[] } {
    const pos = marked.indexOf("|");
    const spot = spotAt(marked.replace("|", ""), pos);
    return { spot, labels: spot ? optionsAt(spot, index).map(o => o.label) : [] };
  }
  const HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n";

  it("offers fields of where the cursor is, without those that are there", () => {
    const { spot, labels } = at(`${HEAD}spec:\n  replicas: 1\n  sel|`);
    expect(spot?.path).toEqual(["spec"]);
    expect(labels).toContain("selector");
    expect(labels).not.toContain("replicas");
  });

  it("knows lists, at the indentation people use", () => {
    for (const indent of ["      ", "        "]) {
      const { spot, labels } = at(
        `${HEAD}spec:\n  template:\n    spec:\n      containers:\n${indent}- name: a\n${indent}  ima|`,
      );
      expect(spot?.path).toEqual(["spec", "template", "spec", "containers", 0]);
      expect(labels).toContain("image");
      expect(labels).not.toContain("name");
    }
    expect(at(`${HEAD}spec:\n  template:\n    spec:\n      containers:\n      - |`).labels).toContain(
      "image",
    );
  });

  it("offers values where there are only some", () => {
    expect(at(`${HEAD}spec:\n  template:\n    spec:\n      restartPolicy: O|`).labels).toEqual([
      "Always",
      "OnFailure",
      "Never",
    ]);
    expect(at(`${HEAD}spec:\n  paused: |`).labels).toEqual(["true", "false"]);
    expect(at("apiVersion: apps/v1\nkind: D|").labels).toEqual(["Deployment"]);
    expect(at("apiVersion: |").labels).toContain("apps/v1");
  });

  it("minds the document it is in", () => {
    const { spot } = at(`${HEAD}---\napiVersion: v1\nkind: ConfigMap\nda|`);
    expect(spot?.kind).toBe("ConfigMap");
    expect(spot?.path).toEqual([]);
  });

  it("keeps quiet in comments and in text", () => {
    expect(at("# hel|").spot).toBeNull();
    expect(at(`${HEAD}spec: some text |`).spot).toBeNull();
  });
});

describe("diff", () => {
  it("shows what changed and nothing else", () => {
    const lines = diffLines("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n");
    expect(lines.filter(l => l.kind !== "same").map(l => `${l.kind} ${l.text}`)).toEqual([
      "removed b",
      "added B",
      "added e",
    ]);
  });

  it("rebuilds both texts", () => {
    const a = "one\ntwo\nthree\nfour\nfive";
    const b = "zero\none\n2\nthree\nfive\nsix";
    const lines = diffLines(a, b);
    expect(
      lines
        .filter(l => l.kind !== "added")
        .map(l => l.text)
        .join("\n"),
    ).toBe(a);
    expect(
      lines
        .filter(l => l.kind !== "removed")
        .map(l => l.text)
        .join("\n"),
    ).toBe(b);
  });

  it("leaves out what is far from any change", () => {
    const a = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    const b = [...a];
    b[50] = "changed";
    const parts = hunks(diffLines(a.join("\n"), b.join("\n")));
    expect(parts).toHaveLength(1);
    expect(parts[0]!.skipped).toBe(47);
    expect(hunks(diffLines("same", "same"))).toEqual([]);
  });
});

describe("did you mean", () => {
  it.each([
    ["replcias", "replicas"],
    ["Containers", "containers"],
    ["contaners", "containers"],
    ["xyz", undefined],
  ])("%s", (word, meant) => {
    expect(didYouMean(word, ["replicas", "containers", "selector"])).toBe(meant);
  });
});

describe("words about fields", () => {
  const of = (marked: string) => fieldAt(marked.replace("|", ""), marked.indexOf("|"), index);

  it("finds the field whose key is pointed at, in lists too", () => {
    expect(of(GOOD.replace("replicas", "repl|icas"))).toEqual({ type: "DeploymentSpec", field: "replicas" });
    expect(of(GOOD.replace("image: nginx", "im|age: nginx"))).toMatchObject({
      type: "Container",
      field: "image",
    });
    expect(of(GOOD.replace("- name: web", "- na|me: web"))).toMatchObject({
      type: "Container",
      field: "name",
    });
  });

  it("says nothing of values, of free keys and of what is unknown", () => {
    expect(of(GOOD.replace("image: nginx", "image: ng|inx"))).toBeNull();
    expect(of(GOOD.replace("app: web", "a|pp: web"))).toBeNull();
    expect(of(GOOD.replace("replicas", "repl|iccas"))).toBeNull();
    expect(of(GOOD.replace("kind: Deployment", "kind: Nothing").replace("replicas", "repl|icas"))).toBeNull();
  });

  it("asks for a type once, and again after a failure", async () => {
    const asked: string[] = [];
    const words = new Words(type => {
      asked.push(type);
      return asked.length === 1
        ? Promise.reject(new Error("offline"))
        : Promise.resolve({ description: "", fields: { replicas: "How many." } });
    });
    await expect(words.of("DeploymentSpec")).rejects.toThrow("offline");
    await words.of("DeploymentSpec");
    expect((await words.of("DeploymentSpec")).fields.replicas).toBe("How many.");
    expect(asked).toHaveLength(2);
  });

  it("does not flag a value that the server writes by itself", () => {
    const schema: Schema = structuredClone(fakeSchema);
    Object.assign(schema.types.PodSpec!.p.hostNetwork!, { d: false });
    const quiet = new SchemaIndex(schema);
    const pod = (value: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers: []\n  hostNetwork: ${value}\n`;
    expect(lintYaml(pod("false"), quiet)).toEqual([]);
    expect(lintYaml(pod("true"), quiet).map(f => f.severity)).toEqual(["info"]);
  });
});
