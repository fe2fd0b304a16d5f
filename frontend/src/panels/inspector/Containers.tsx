/** The containers of a pod: state, why, how often restarted. */

import type { Ref } from "@/store/ui";
import { ui } from "@/store/ui";
import { Button } from "@/ui/Button";
import { Badge, Facts, Mono } from "@/ui/bits";
import { useSession } from "../context";
import type { Live } from "./useLive";

interface Status {
  name: string;
  ready?: boolean;
  restartCount?: number;
  image?: string;
  state?: Record<
    string,
    { reason?: string; message?: string; exitCode?: number; startedAt?: string; finishedAt?: string }
  >;
  lastState?: Record<string, { reason?: string; exitCode?: number; finishedAt?: string }>;
}

interface Spec {
  name: string;
  image?: string;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  ports?: { containerPort: number; protocol?: string; name?: string }[];
}

export function Containers({ of, live }: { of: Ref; live: Live }) {
  const session = useSession();
  const pod = session.model.pods.get(of.id);
  if (!pod) return null;
  const specs = [
    ...((live.object?.spec?.initContainers ?? []) as Spec[]),
    ...((live.object?.spec?.containers ?? []) as Spec[]),
  ];
  const statuses = [
    ...((live.object?.status?.initContainerStatuses ?? []) as Status[]),
    ...((live.object?.status?.containerStatuses ?? []) as Status[]),
  ];
  return (
    <ul className="m-0 flex list-none flex-col gap-2.5 p-0">
      {specs.map(spec => {
        const status = statuses.find(s => s.name === spec.name);
        const [state, detail] = Object.entries(status?.state ?? {})[0] ?? ["waiting", {}];
        const [, last] = Object.entries(status?.lastState ?? {})[0] ?? ["", undefined];
        const requests = Object.entries(spec.resources?.requests ?? {}).map(([k, v]) => `${k} ${v}`);
        const limits = Object.entries(spec.resources?.limits ?? {}).map(([k, v]) => `${k} ${v}`);
        return (
          <li key={spec.name} className="rounded-xl border border-line px-3 py-2.5">
            <div className="mb-2 flex items-center justify-between gap-2">
              <span className="break-all font-mono text-[13px] font-medium">{spec.name}</span>
              <Badge
                tone={
                  status?.ready
                    ? "ok"
                    : state === "running"
                      ? "warn"
                      : detail?.reason?.match(/Err|Back|OOM/)
                        ? "bad"
                        : "plain"
                }
              >
                {detail?.reason ?? (status?.ready ? "ready" : state)}
              </Badge>
            </div>
            {detail?.message && (
              <p className="m-0 mb-2 break-words text-[12.5px] text-bad">{detail.message}</p>
            )}
            <Facts
              rows={[
                [
                  "Image",
                  <Mono key="i" className="break-all">
                    {spec.image}
                  </Mono>,
                ],
                ["Restarts", String(status?.restartCount ?? 0)],
                ...(last
                  ? ([["Last end", `${last.reason ?? ""} (exit ${last.exitCode ?? "?"})`]] as [
                      string,
                      string,
                    ][])
                  : []),
                ...(requests.length ? ([["Requests", requests.join(", ")]] as [string, string][]) : []),
                ...(limits.length ? ([["Limits", limits.join(", ")]] as [string, string][]) : []),
                ...(spec.ports?.length
                  ? ([
                      ["Ports", spec.ports.map(p => `${p.containerPort}/${p.protocol ?? "TCP"}`).join(", ")],
                    ] as [string, string][])
                  : []),
              ]}
            />
            <Button
              size="sm"
              className="mt-2.5"
              onClick={() =>
                ui.set({ dock: "logs", logsOf: { ns: pod.ns, pod: pod.name, container: spec.name } })
              }
            >
              Logs
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
