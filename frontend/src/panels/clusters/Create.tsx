/** The dialog for a new cluster: from a template, or from a snapshot's file. */
import { type FormEvent, type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { toFailure } from "@/net/errors";
import { clusters as api } from "@/net/playground";
import { Button } from "@/ui/Button";
import { Spinner } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/Dialog";
import { TEMPLATES, type Template } from "./templates";

function Field({
  label,
  error,
  hint,
  children,
}: {
  label: string;
  error?: string;
  hint?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="flex flex-col gap-1">
      <span className="text-[12px] font-medium text-ink-2">{label}</span>
      {children}
      {error ? (
        <span className="text-[12px] text-bad">{error}</span>
      ) : (
        hint && <span className="text-[12px] text-ink-3">{hint}</span>
      )}
    </label>
  );
}

const INPUT = "h-9 rounded-lg border border-line-strong bg-raised px-2.5 outline-none focus:border-accent";

export function Create({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [, go] = useLocation();
  const [template, setTemplate] = useState(TEMPLATES[0]!);
  const [name, setName] = useState("");
  const [workers, setWorkers] = useState("3");
  const [planes, setPlanes] = useState("1");
  const [zones, setZones] = useState("zone-a, zone-b, zone-c");
  const [cpu, setCpu] = useState("4");
  const [memory, setMemory] = useState("16Gi");
  const [seed, setSeed] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [snapshot, setSnapshot] = useState<{ file: string; content: unknown } | null>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    try {
      const content = JSON.parse(await file.text()) as { metadata?: { name?: string } };
      setSnapshot({ file: file.name, content });
      setErrors({});
      if (!name && content.metadata?.name) setName(content.metadata.name);
    } catch {
      setSnapshot(null);
      setErrors({ snapshot: `${file.name} is not JSON` });
    }
  };
  const choose = (t: Template) => {
    setSnapshot(null);
    setTemplate(t);
    setWorkers(String(t.body.workers ?? 3));
    setPlanes(String(t.body.controlPlanes ?? 1));
    setZones((t.body.zones ?? []).join(", "));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setErrors({});
    try {
      if (snapshot) await api.import(name.trim(), snapshot.content);
      else {
        await api.create({
          ...template.body,
          name: name.trim(),
          workers: Number(workers),
          controlPlanes: Number(planes),
          zones: zones
            ? zones
                .split(",")
                .map(z => z.trim())
                .filter(Boolean)
            : undefined,
          cpu,
          memory,
          ...(seed ? { seed: Number(seed) } : {}),
        });
      }
      go(`/clusters/${name.trim()}`);
    } catch (e) {
      const failure = toFailure(e);
      const fields = Object.fromEntries(failure.fields.map(f => [f.field, f.message]));
      setErrors(failure.fields.length ? fields : { "": failure.message || failure.reason });
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={onClose} title="New cluster">
      <form onSubmit={event => void submit(event)} className="flex flex-col gap-4">
        <fieldset className="m-0 grid grid-cols-2 gap-2 border-0 p-0">
          <legend className="sr-only">Template</legend>
          {TEMPLATES.map(t => (
            <label
              key={t.id}
              className={cx(
                "cursor-pointer rounded-xl border px-3 py-2.5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent",
                t.id === template.id && !snapshot
                  ? "border-accent bg-accent-soft"
                  : "border-line-strong hover:bg-hover",
              )}
            >
              <input
                type="radio"
                name="template"
                checked={t.id === template.id && !snapshot}
                onChange={() => choose(t)}
                className="sr-only"
              />
              <span className="block font-medium">{t.title}</span>
              <span className="block text-[12px] leading-snug text-ink-2">{t.story}</span>
            </label>
          ))}
        </fieldset>
        <label
          className={cx(
            "flex cursor-pointer items-center justify-between gap-3 rounded-xl border px-3 py-2 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent",
            snapshot ? "border-accent bg-accent-soft" : "border-dashed border-line-strong hover:bg-hover",
          )}
        >
          <span>
            <span className="block font-medium">{snapshot ? snapshot.file : "From a file…"}</span>
            <span className={cx("block text-[12px]", errors.snapshot ? "text-bad" : "text-ink-2")}>
              {errors.snapshot ?? "A snapshot, or a List as kubectl get -A -o json prints it"}
            </span>
          </span>
          <input
            type="file"
            accept=".json,application/json"
            className="sr-only"
            onChange={event => void take(event.target.files?.[0])}
          />
        </label>
        <Field
          label="Name"
          error={errors.name}
          hint="Lower-case letters, digits and dashes; it stands in URLs."
        >
          <input
            autoFocus
            required
            value={name}
            onChange={e => setName(e.target.value)}
            pattern="[a-z0-9]([-a-z0-9]*[a-z0-9])?"
            maxLength={40}
            className={cx(INPUT, "font-mono")}
          />
        </Field>
        <details className="group/more">
          <summary className="cursor-pointer text-[12.5px] text-ink-2 hover:text-ink">
            Sizes, zones and seed
          </summary>
          <div className="mt-3 grid grid-cols-2 gap-3">
            <Field label="Workers" error={errors.workers}>
              <input
                type="number"
                min={0}
                value={workers}
                onChange={e => setWorkers(e.target.value)}
                className={INPUT}
              />
            </Field>
            <Field label="Control planes" error={errors.controlPlanes}>
              <input
                type="number"
                min={0}
                value={planes}
                onChange={e => setPlanes(e.target.value)}
                className={INPUT}
              />
            </Field>
            <Field label="CPU of a worker" error={errors.cpu}>
              <input value={cpu} onChange={e => setCpu(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Memory of a worker" error={errors.memory}>
              <input value={memory} onChange={e => setMemory(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Zones" error={errors.zones}>
              <input value={zones} onChange={e => setZones(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Seed" error={errors.seed} hint="Same seed, same history.">
              <input
                type="number"
                min={0}
                value={seed}
                onChange={e => setSeed(e.target.value)}
                placeholder="random"
                className={INPUT}
              />
            </Field>
          </div>
        </details>
        {errors[""] && <p className="m-0 rounded-lg bg-bad-soft px-3 py-2 text-bad">{errors[""]}</p>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={busy || !name}>
            {busy && <Spinner size={14} />} Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
