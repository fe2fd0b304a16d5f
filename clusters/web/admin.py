"""The instructors' admin: clusters with their clock, log and faults; the workers' leases.

Everything goes through the same service functions as the REST API and the commands. Revisions have a composite
primary key, which Django's admin does not serve, so their pages hang below the cluster (`admin_log`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clusters.kernel.clock import rfc3339, rfc3339_micro, wall_now
from clusters.models import AuditEvent, Cluster, Lease
from clusters.realtime.source import clock_frame
from clusters.runtime import service
from clusters.runtime.hub import hub
from clusters.runtime.settings import BadInput, check_name, check_settings
from clusters.web import admin_faults, admin_log

if TYPE_CHECKING:
    ClusterForm = forms.ModelForm[Cluster]
    ClusterPage = admin.ModelAdmin[Cluster]
    LeasePage = admin.ModelAdmin[Lease]
    AuditPage = admin.ModelAdmin[AuditEvent]
else:  # generic for the type checker only
    ClusterForm, ClusterPage, LeasePage = forms.ModelForm, admin.ModelAdmin, admin.ModelAdmin
    AuditPage = admin.ModelAdmin

_FORM_FIELDS = {"control_planes": "controlPlanes"}


class NewClusterForm(ClusterForm):
    """What `cluster create` asks for."""

    workers = forms.IntegerField(initial=3)
    control_planes = forms.IntegerField(initial=1, help_text="0: a managed control plane without Nodes.")
    cpu = forms.CharField(initial="4", max_length=40)
    memory = forms.CharField(initial="16Gi", max_length=40)
    pods = forms.IntegerField(initial=110)
    zones = forms.CharField(initial="a,b,c", max_length=2000)
    speed = forms.CharField(initial="1", max_length=16, help_text="1, 10, 0.5, max; 0 is paused.")
    addons = forms.ChoiceField(choices=[("default", "default"), ("none", "none")])
    chance = forms.IntegerField(required=False, min_value=0, label="Seed", help_text="Empty: any.")

    class Meta:
        model = Cluster
        fields = ("name",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = {k: cleaned.get(k) for k in self.settings_fields() if cleaned.get(k) is not None}
        try:
            check_name(cleaned.get("name"))
            check_settings(**wanted)
        except BadInput as error:
            field = {v: k for k, v in _FORM_FIELDS.items()}.get(error.field, error.field)
            raise ValidationError({field: error.message}) from None
        return cleaned

    @staticmethod
    def settings_fields() -> tuple[str, ...]:
        return ("workers", "control_planes", "cpu", "memory", "pods", "zones", "speed", "addons")


@admin.register(Cluster)
class ClusterAdmin(ClusterPage):
    list_display = ("name", "speed", "virtual_time", "head", "behind", "objects", "links")
    list_filter = ("clock_speed",)
    search_fields = ("name",)
    show_full_result_count = False
    actions = ("pause", "run_on", "run_tenfold")
    change_form_template = "admin/clusters/cluster/change_form.html"

    @admin.display(ordering="clock_speed")
    def speed(self, cluster: Cluster) -> str:
        return "paused" if cluster.clock_speed == "0" else f"×{cluster.clock_speed}"

    @admin.display(ordering="vtime")
    def virtual_time(self, cluster: Cluster) -> str:
        return rfc3339(clock_frame(cluster)["now"])

    @admin.display(description="behind by")
    def behind(self, cluster: Cluster) -> str:
        lag = clock_frame(cluster)["lag"]
        return f"{lag:g} s" if lag else "–"

    @admin.display
    def objects(self, cluster: Cluster) -> str:
        """Only of clusters that this process holds in memory: counting is no reason to load one."""
        handle = hub.loaded(cluster.name)
        if handle is None:
            return "–"
        cache = handle.cache
        return str(sum(len(cache.bucket(prefix).items) for prefix in cache.prefixes()))

    @admin.display(description="")
    def links(self, cluster: Cluster) -> SafeString:
        return format_html(
            '<a href="{}">Log</a> · <a href="{}">Faults</a> · <a href="/clusters/{}">Open</a>',
            reverse("admin:cluster-log", args=[cluster.pk]),
            reverse("admin:cluster-faults", args=[cluster.pk]),
            cluster.name,
        )

    # making, changing, deleting

    def get_form(self, request: Any, obj: Cluster | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewClusterForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Cluster | None = None) -> Any:
        if obj is None:
            return ("name", *NewClusterForm.settings_fields(), "chance")
        return (
            *("name", "seed", "speed", "virtual_time", "head", "compacted", "seen", "behind", "objects"),
            *("settings", "links"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Cluster | None = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Cluster, form: Any, change: bool) -> None:
        if change:
            return
        values = {k: form.cleaned_data[k] for k in NewClusterForm.settings_fields()}
        made = service.create_cluster(form.cleaned_data["name"], seed=form.cleaned_data["chance"], **values)
        for field in Cluster._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: Cluster) -> None:
        service.delete_cluster(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Cluster]) -> None:
        for cluster in queryset:
            service.delete_cluster(cluster)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Django would walk every revision to list what goes."""
        names = [f"{cluster} with all its history" for cluster in objs]
        return names, {"clusters": len(names)}, set(), []

    # the clock

    @admin.action(description="Pause the clock")
    def pause(self, request: HttpRequest, queryset: QuerySet[Cluster]) -> None:
        self._set_speed(request, queryset, "0")

    @admin.action(description="Let the clock run at ×1")
    def run_on(self, request: HttpRequest, queryset: QuerySet[Cluster]) -> None:
        self._set_speed(request, queryset, "1")

    @admin.action(description="Let the clock run at ×10")
    def run_tenfold(self, request: HttpRequest, queryset: QuerySet[Cluster]) -> None:
        self._set_speed(request, queryset, "10")

    def _set_speed(self, request: HttpRequest, queryset: QuerySet[Cluster], speed: str) -> None:
        for cluster in queryset:
            service.set_clock(cluster, speed=speed)
        self.message_user(request, f"The clocks of {queryset.count()} clusters are set.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        return [*admin_log.urls(self.admin_site), *admin_faults.urls(self.admin_site), *super().get_urls()]


@admin.register(AuditEvent)
class AuditAdmin(AuditPage):
    """Requests to the clusters' Kubernetes APIs; to be read only."""

    list_display = ("time", "cluster", "user", "verb", "resource", "namespace", "name", "code", "milliseconds")
    list_filter = ("cluster", "verb", "code")
    list_select_related = ("cluster",)
    search_fields = ("user", "path")
    show_full_result_count = False
    ordering = ("-id",)

    @admin.display(ordering="id")
    def time(self, event: AuditEvent) -> str:
        return rfc3339_micro(event.at)

    @admin.display(description="ms", ordering="latency")
    def milliseconds(self, event: AuditEvent) -> str:
        return f"{event.latency / 1000:.1f}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False


@admin.register(Lease)
class LeaseAdmin(LeasePage):
    """Which worker runs which cluster. Freeing one lets another worker take over at once; the fencing epoch
    keeps the former holder from writing."""

    list_display = ("cluster", "holder", "epoch", "expires_in")
    list_select_related = ("cluster",)
    search_fields = ("cluster__name", "holder")
    actions = ("free",)
    show_full_result_count = False

    @admin.display(description="held for")
    def expires_in(self, lease: Lease) -> str:
        left = (lease.expires - wall_now()) / 1e6
        return f"{left:.1f} s" if left > 0 else "free"

    @admin.action(description="Free: let another worker take over")
    def free(self, request: HttpRequest, queryset: QuerySet[Lease]) -> None:
        queryset.update(expires=0)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Lease | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lease | None = None) -> bool:
        return False
