/** Where the others point. */
import { useSyncExternalStore } from "react";
import { toScreen } from "@/scene/camera";
import { useUi } from "@/store/ui";
import type { Stage } from "./stage";

export function PeerCursors({ stage }: { stage: Stage }) {
  const peers = useUi(s => s.peers);
  return peers.length ? <Cursors stage={stage} /> : null;
}

function Cursors({ stage }: { stage: Stage }) {
  const peers = useUi(s => s.peers);
  const camera = useSyncExternalStore(stage.onCamera, () => stage.camera());
  return (
    <div className="pointer-events-none absolute inset-0 overflow-hidden" aria-hidden="true">
      {peers.map(peer => {
        if (!peer.cursor) return null;
        const p = toScreen(camera, peer.cursor[0], peer.cursor[1]);
        return (
          <div
            key={peer.session}
            className="absolute left-0 top-0 transition-transform duration-100 ease-linear"
            style={{ transform: `translate(${p.x}px, ${p.y}px)` }}
          >
            <svg width="16" height="18" viewBox="0 0 16 18" aria-hidden="true">
              <path
                d="M1 1l5.2 14.6 2.3-6.1 6.3-1.7z"
                fill={peer.color}
                stroke="#fff"
                strokeWidth="1.2"
                strokeLinejoin="round"
              />
            </svg>
            <span
              className="absolute left-3 top-4 whitespace-nowrap rounded-md px-1.5 py-0.5 text-[11px] font-medium text-white"
              style={{ background: peer.color }}
            >
              {peer.user || "guest"}
            </span>
          </div>
        );
      })}
    </div>
  );
}
