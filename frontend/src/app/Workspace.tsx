/** One cluster's page: rail, bars, map or list, inspector, drawer, dock. */
import { lazy, Suspense, useEffect, useMemo } from "react";
import { ClusterSession } from "@/actions/session";
import { redo, undo } from "@/actions/undo";
import { Confirm } from "@/panels/Confirm";
import { SessionContext, useSession } from "@/panels/context";
import { Dock } from "@/panels/Dock";
import { Help } from "@/panels/Help";
import { MapView } from "@/panels/map/MapView";
import { Palette } from "@/panels/Palette";
import { PastBar } from "@/panels/PastBar";
import { Rail } from "@/panels/Rail";
import { Timeline } from "@/panels/Timeline";
import { Toasts } from "@/panels/Toasts";
import { TopBar } from "@/panels/TopBar";
import { history } from "@/store/history";
import { ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Announcer } from "./Announcer";
import { Blocked, Loading } from "./states";
import { expose } from "./testhook";

const ListView = lazy(() => import("@/panels/list/ListView"));
const loadInspector = () => import("@/panels/inspector/Inspector");
const Inspector = lazy(async () => ({ default: (await loadInspector()).Inspector }));
const Failures = lazy(() => import("@/panels/Failures"));
const Build = lazy(() => import("@/panels/Build"));
const Drawer = lazy(() => import("@/panels/Drawer"));
const Share = lazy(() => import("@/panels/Share"));

export function Workspace({ name }: { name: string }) {
  const session = useMemo(() => new ClusterSession(name), [name]);
  useEffect(() => {
    ui.set({
      selection: null,
      inspector: false,
      editor: null,
      logsOf: null,
      audit: {},
      past: null,
      canShare: false,
      share: false,
      drains: {},
      peers: [],
      filter: [],
    });
    history.clear();
    document.title = `${name} · Cluster Playground`;
    const close = session.open();
    const hide = expose(session);
    // The first click must not wait for it.
    const early = setTimeout(() => void loadInspector(), 500);
    return () => {
      clearTimeout(early);
      close();
      hide();
    };
  }, [session, name]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        ui.set({ palette: !ui.get().palette });
      } else if (
        (event.ctrlKey || event.metaKey) &&
        !event.altKey &&
        event.key.toLowerCase() === "z" &&
        !isTyping(event.target)
      ) {
        if (event.shiftKey ? redo() : undo()) event.preventDefault();
      } else if (
        !isTyping(event.target) &&
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey &&
        ui.get().singleKeys
      ) {
        if (event.key === "g") ui.set({ view: "map" });
        else if (event.key === "?") ui.set({ help: true });
      }
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  return (
    <SessionContext.Provider value={session}>
      <div className="flex h-full">
        <Rail />
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar />
          <div className="relative flex min-h-0 flex-1">
            <Side />
            <div className="flex min-w-0 flex-1 flex-col">
              <div className="relative flex min-h-0 flex-1 flex-col">
                <Main name={name} />
                <PastBar />
              </div>
              <Dock />
            </div>
            <Suspense fallback={null}>
              <Inspector />
            </Suspense>
            <DrawerSlot />
          </div>
          <Timeline />
        </div>
      </div>
      <Palette />
      <Help />
      <ShareSlot />
      <Confirm />
      <Toasts />
      <Announcer />
    </SessionContext.Provider>
  );
}

function Main({ name }: { name: string }) {
  const session = useSession();
  useTables(session.views, "namespaces");
  const view = useUi(s => s.view);
  const link = useUi(s => s.link);
  if (!session.model.loaded)
    return link.phase === "closed" ? <Blocked name={name} reason={link.reason} /> : <Loading />;
  if (view === "list") {
    return (
      <Suspense fallback={<Loading />}>
        <ListView />
      </Suspense>
    );
  }
  return <MapView />;
}

function DrawerSlot() {
  const open = useUi(s => s.editor !== null);
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <Drawer />
    </Suspense>
  );
}

/** The panel at the left, if one is open. */
function Side() {
  const failures = useUi(s => s.failures);
  const build = useUi(s => s.build);
  if (!failures && !build) return null;
  return <Suspense fallback={null}>{build ? <Build /> : <Failures />}</Suspense>;
}

function ShareSlot() {
  const open = useUi(s => s.share && s.canShare);
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <Share />
    </Suspense>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
