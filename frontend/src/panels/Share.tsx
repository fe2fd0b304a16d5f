/** Sharing a cluster: who is in it, what they may do, one more, one fewer. For its owners. */
import { Trash2, UserPlus } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { toFailure } from "@/net/errors";
import type { Member, MemberRole } from "@/protocol/rest";
import { echo, settle, ui } from "@/store/ui";
import { Button, IconButton } from "@/ui/Button";
import { Spinner } from "@/ui/bits";
import { Dialog } from "@/ui/Dialog";
import { useSession } from "./context";

const ROLES: { role: MemberRole; label: string; means: string }[] = [
  { role: "viewer", label: "View", means: "looks at everything but Secrets" },
  { role: "editor", label: "Edit", means: "changes objects, time and machines, and breaks things" },
  { role: "owner", label: "Admin", means: "also shares and deletes the cluster" },
];

export default function Share() {
  const session = useSession();
  const [members, setMembers] = useState<Member[] | null>(null);
  const [error, setError] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<MemberRole>("viewer");
  const close = () => ui.set({ share: false });

  const load = useCallback(async () => {
    try {
      setMembers(await session.api.members());
    } catch (e) {
      setError(toFailure(e).message || toFailure(e).reason);
    }
  }, [session]);
  useEffect(() => {
    void load();
  }, [load]);

  const act = async (title: string, command: string, call: () => Promise<unknown>) => {
    setError("");
    const id = echo(title, command);
    try {
      await call();
      settle(id, "ok");
      await load();
      return true;
    } catch (e) {
      const failure = toFailure(e);
      settle(id, "failed", failure.message);
      setError(failure.message || failure.reason);
      return false;
    }
  };
  const put = (user: string, to: MemberRole) =>
    act(`Share with ${user}`, `PUT ${session.api.base}/members/${user} {"role":"${to}"}`, () =>
      session.api.putMember(user, to),
    );
  const remove = (user: string) =>
    act(`Share no longer with ${user}`, `DELETE ${session.api.base}/members/${user}`, () =>
      session.api.removeMember(user),
    );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() && (await put(name.trim(), role))) setName("");
  };
  return (
    <Dialog
      open
      onClose={close}
      title={`Share ${session.name}`}
      description="Members see the same map. Their role holds for kubectl, too: each gets a binding in the cluster's RBAC."
    >
      {members === null && !error && (
        <div className="flex justify-center py-6">
          <Spinner size={22} />
        </div>
      )}
      {members && (
        <ul aria-label="Members" className="m-0 flex list-none flex-col gap-1 p-0">
          {members.length === 0 && (
            <li className="py-2 text-[12.5px] text-ink-2">Nobody owns it: everybody may edit it.</li>
          )}
          {members.map(member => (
            <li key={member.user} className="flex items-center gap-2 rounded-lg px-2 py-1 hover:bg-hover">
              <span className="min-w-0 flex-1 truncate font-medium">{member.user}</span>
              <RoleSelect
                label={`Role of ${member.user}`}
                value={member.role}
                onChange={to => void put(member.user, to)}
              />
              <IconButton
                label={`Share no longer with ${member.user}`}
                size="sm"
                onClick={() => void remove(member.user)}
              >
                <Trash2 size={14} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} className="mt-4 flex items-center gap-2 border-t border-line pt-4">
        <input
          aria-label="User name"
          placeholder="User name"
          value={name}
          maxLength={150}
          onChange={e => setName(e.target.value)}
          className="h-8 min-w-0 flex-1 rounded-lg border border-line-strong bg-raised px-2.5 text-ink placeholder:text-ink-3"
        />
        <RoleSelect label="Role" value={role} onChange={setRole} />
        <Button type="submit" tone="primary" disabled={!name.trim()}>
          <UserPlus size={14} aria-hidden="true" /> Share
        </Button>
      </form>
      <p className="m-0 mt-2 text-[12px] text-ink-3">
        {ROLES.find(r => r.role === role)!.label}: {ROLES.find(r => r.role === role)!.means}.
      </p>
      {error && (
        <p role="alert" className="m-0 mt-2 rounded-lg bg-bad-soft px-2.5 py-1.5 text-[12.5px] text-bad">
          {error}
        </p>
      )}
    </Dialog>
  );
}

function RoleSelect(props: { label: string; value: MemberRole; onChange: (role: MemberRole) => void }) {
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={e => props.onChange(e.target.value as MemberRole)}
      className="h-8 rounded-lg border border-line-strong bg-raised px-1.5 text-[12.5px]"
    >
      {ROLES.map(r => (
        <option key={r.role} value={r.role}>
          {r.label}
        </option>
      ))}
    </select>
  );
}
