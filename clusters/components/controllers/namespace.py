"""A namespace that is deleted: its content goes first, pods before all else, then its finalizer.

Models: kube-controller-manager, namespace/deletion/namespaced_resources_deleter.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.kinds import Kinds
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.types import Obj, UserInfo

API_SERVICES = "apiservices.apiregistration.k8s.io"
FINALIZER = "kubernetes"
RETRY = 5 * SECOND
_LEAST_ESTIMATE = 1


class NamespaceController(Controller):
    """Keys are namespaces."""

    name: ClassVar[str] = "namespace-controller"
    user: ClassVar[UserInfo] = controller_user("namespace-controller")

    def setup(self) -> None:
        self.namespaces = self.env.informers["namespaces"]
        self.kinds = Kinds(self.env.informers)
        self.registered = self.env.informers[API_SERVICES]
        self.namespaces.on_change(self._changed)
        self.registered.on_change(self._registered_changed)
        self.kinds.watch_all(self._content_changed, skip=("namespaces", "events"))

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and "deletionTimestamp" in new["metadata"]:
            self.queue.add(new["metadata"]["name"])

    def _registered_changed(self, old: Obj | None, new: Obj | None) -> None:
        """An API may be reachable again."""
        if any(each is not None and each["spec"].get("service") for each in (old, new)):
            for namespace in self.namespaces.list():
                self._changed(None, namespace)

    def _unreachable(self) -> list[str]:
        """Group versions that nobody can be asked about what they hold."""
        return [
            f"{each['spec'].get('group', '')}/{each['spec']['version']}"
            for each in self.registered.list()
            if each["spec"].get("service")
            and not conditions.is_true((each.get("status") or {}).get("conditions"), "Available")
        ]

    def _content_changed(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        """The last of a terminating namespace may have gone."""
        if new is not None or old is None:
            return
        name = old["metadata"].get("namespace")
        if not name:
            return
        namespace = self.namespaces.by_key(name)
        if namespace is not None and "deletionTimestamp" in namespace["metadata"]:
            self.queue.add(name)

    def sync(self, key: str) -> None:
        namespace = self.namespaces.by_key(key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        finalizers = (namespace.get("spec") or {}).get("finalizers") or []
        if (namespace.get("status") or {}).get("phase") != "Terminating":
            status = {**(namespace.get("status") or {}), "phase": "Terminating"}
            namespace = self.env.client.update_status("namespaces", draft(namespace, status=status))
        if FINALIZER not in finalizers:
            return
        failures = self._delete_content(key)
        left = self._content(key)
        unreachable = self._unreachable()
        namespace = self._report(namespace, failures, left, unreachable)
        if left or failures:
            # What is left goes when its finalizers and grace periods are over; its going brings us back.
            self.queue.add_after(key, RETRY * 3, background=True)
        if left or failures or unreachable:
            return
        rest = [f for f in finalizers if f != FINALIZER]
        try:
            self.env.client.patch("namespaces", "", key, {"spec": {"finalizers": rest}}, subresource="finalize")
        except NotFound:
            return

    def _delete_content(self, name: str) -> list[str]:
        """Delete what can be deleted now; the errors. Other kinds wait until the pods are gone."""
        failures: list[str] = []
        pods = self._delete_all("pods", name, failures)
        if pods:
            return failures
        for resource in self.kinds.namespaced():
            if resource != "pods":
                self._delete_all(resource, name, failures)
        return failures

    def _delete_all(self, resource: str, name: str, failures: list[str]) -> bool:
        """Delete all objects of a kind; True if some are still there."""
        informer = self.env.informers[resource]
        for obj in informer.list(name):
            own = obj["metadata"]
            if "deletionTimestamp" in own:
                continue
            try:
                self.env.client.delete(resource, name, own["name"], propagation="Background", uid=own["uid"])
            except NotFound:
                continue
            except ApiError as error:
                failures.append(error.message)
        return bool(informer.list(name))

    def _content(self, name: str) -> list[tuple[str, Obj]]:
        return [
            (resource, obj) for resource in self.kinds.namespaced() for obj in self.env.informers[resource].list(name)
        ]

    def _report(
        self, namespace: Obj, failures: list[str], left: Iterable[tuple[str, Obj]], unreachable: list[str]
    ) -> Obj:
        old = namespace.get("status") or {}
        found: list[dict[str, Any]] = list(old.get("conditions") or ())
        for kind, reason, message, bad_reason, bad in _verdicts(failures, list(left), unreachable):
            entry = {
                "type": kind,
                "status": "True" if bad else "False",
                "lastTransitionTime": rfc3339(self.env.clock.now()),
                "reason": bad_reason if bad else reason,
                "message": bad or message,
            }
            found = conditions.put(found, entry)
        if found == (old.get("conditions") or []):
            return namespace
        return self.env.client.update_status("namespaces", draft(namespace, status={**old, "conditions": found}))


def _verdicts(
    failures: list[str], left: list[tuple[str, Obj]], unreachable: list[str]
) -> list[tuple[str, str, str, str, str]]:
    """(type, reason if well, message if well, reason if not, message if not or "")."""
    counts = Counter(resource for resource, _ in left)
    remaining = ", ".join(f"{_dotted(r)} has {n} resource instances" for r, n in sorted(counts.items()))
    held = Counter(f for _, obj in left for f in obj["metadata"].get("finalizers") or ())
    finalizers = ", ".join(f"{f} in {n} resource instances" for f, n in sorted(held.items()))
    content = f"Some resources are remaining: {remaining}" if remaining else ""
    kept = f"Some content in the namespace has finalizers remaining: {finalizers}" if finalizers else ""
    failed = (
        f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(failures)}" if failures else ""
    )
    stale = ", ".join(f"{each}: stale GroupVersion discovery: {each}" for each in unreachable)
    lost = (
        f"Discovery failed for some groups, {len(unreachable)} failing: unable to retrieve the complete list of server "
        f"APIs: {stale}"
        if stale
        else ""
    )
    return [
        (
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
            "DiscoveryFailed",
            lost,
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
            "GroupVersionParsingFailed",
            "",
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
            "ContentDeletionFailed",
            failed,
        ),
        (
            "NamespaceContentRemaining",
            "ContentRemoved",
            "All content successfully removed",
            "SomeResourcesRemain",
            content,
        ),
        (
            "NamespaceFinalizersRemaining",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
            "SomeFinalizersRemain",
            kept,
        ),
    ]


def _dotted(resource: str) -> str:
    """`pods.`, `deployments.apps`: resource and group as Go prints them."""
    return resource if "." in resource else f"{resource}."
