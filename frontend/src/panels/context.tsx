/** The opened cluster, for every panel. */
import { createContext, useContext, useEffect, useState } from "react";
import type { MapControl } from "@/actions/commands";
import type { ClusterSession } from "@/actions/session";

export const SessionContext = createContext<ClusterSession | null>(null);

export function useSession(): ClusterSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error("No cluster is open here");
  return session;
}

/** The mounted map, if there is one. */
export const mapRef: { current: MapControl | null } = { current: null };

/** Virtual time, re-read a few times a second. */
export function useNow(everyMs = 1000): number {
  const session = useSession();
  const [now, setNow] = useState(() => session.clock.now());
  useEffect(() => {
    const read = () => setNow(session.clock.now());
    const stop = session.onClock(read);
    const timer = setInterval(read, everyMs);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [session, everyMs]);
  return now;
}

/** The clock's state (speed, pause, lag). */
export function useClock() {
  const session = useSession();
  const [state, setState] = useState(session.clock.state);
  useEffect(() => session.onClock(() => setState(session.clock.state)), [session]);
  return state;
}
