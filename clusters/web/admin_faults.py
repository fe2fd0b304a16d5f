"""A cluster's faults in the admin: what is broken on purpose, healing it, breaking more."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path

from clusters.models import Cluster
from clusters.runtime import service
from clusters.runtime.faults import FAULT_KINDS
from clusters.runtime.hub import hub
from clusters.runtime.settings import BadInput
from clusters.web.api.fields import Duration
from clusters.web.api.shapes import fault_of

_PREFIX = "playground.dev/faults/"


class FaultForm(forms.Form):
    kind = forms.ChoiceField(choices=[(k, k) for k in FAULT_KINDS])
    target = forms.CharField(max_length=320, help_text="A node, a component, or NAMESPACE/POD.")
    duration = forms.CharField(max_length=40, required=False, help_text="For example 60s; empty: until healed.")

    def clean_duration(self) -> int | None:
        text = self.cleaned_data["duration"]
        if not text:
            return None
        try:
            return Duration().parse(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


def urls(site: AdminSite) -> list[URLPattern]:
    def faults(request: HttpRequest, pk: int) -> HttpResponse:
        return _faults(site, request, pk)

    return [path("<int:pk>/faults/", site.admin_view(faults), name="cluster-faults")]


def _faults(site: AdminSite, request: HttpRequest, pk: int) -> HttpResponse:
    cluster = get_object_or_404(Cluster, pk=pk)
    form = FaultForm()
    if request.method == "POST":
        if not request.user.has_perm("clusters.change_cluster"):
            raise PermissionDenied
        form = FaultForm(request.POST)
        try:
            if "heal" in request.POST:
                healed = service.heal_fault(cluster, request.POST["heal"])
                messages.success(request, f"{len(healed)} healed.")
                return redirect(request.path)
            if form.is_valid():
                given = form.cleaned_data
                service.inject_fault(cluster, given["kind"], given["target"], duration_us=given["duration"])
                messages.success(request, f"{given['kind']} of {given['target']} is in force.")
                return redirect(request.path)
        except BadInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    context = {
        **site.each_context(request),
        "title": f"Faults of {cluster.name}",
        "cluster": cluster,
        "form": form,
        "faults": _in_force(cluster),
    }
    return render(request, "admin/clusters/cluster/faults.html", context)


def _in_force(cluster: Cluster) -> list[dict[str, object]]:
    handle = hub.cluster(cluster.name)
    handle.refresh()
    with handle.cache.lock:
        return [fault_of(item.obj) for item in handle.cache.bucket(_PREFIX).range(_PREFIX)]
