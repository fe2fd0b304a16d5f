"""People in the admin: users and guests, who is what to which cluster, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from playground.accounts import access
from playground.accounts.models import ApiToken, ClusterCredential, Membership, User

if TYPE_CHECKING:
    Inline = admin.TabularInline[Membership, User]
    UserPage = UserAdmin[User]
    MembershipPage = admin.ModelAdmin[Membership]
    ApiTokenPage = admin.ModelAdmin[ApiToken]
    CredentialPage = admin.ModelAdmin[ClusterCredential]
else:  # generic for the type checker only
    Inline = admin.TabularInline
    UserPage = UserAdmin
    MembershipPage = ApiTokenPage = CredentialPage = admin.ModelAdmin


class _Decides:
    """Rows that decide about access: every change takes effect in this process at once."""

    def save_model(self, *args: Any, **kwargs: Any) -> None:
        super().save_model(*args, **kwargs)  # type: ignore[misc]
        access.invalidate()

    def delete_model(self, *args: Any, **kwargs: Any) -> None:
        super().delete_model(*args, **kwargs)  # type: ignore[misc]
        access.invalidate()

    def delete_queryset(self, *args: Any, **kwargs: Any) -> None:
        super().delete_queryset(*args, **kwargs)  # type: ignore[misc]
        access.invalidate()


class MembershipInline(Inline):
    model = Membership
    extra = 0
    autocomplete_fields = ("cluster",)


@admin.register(User)
class PersonAdmin(_Decides, UserPage):
    list_display = ("username", "email", "is_staff", "is_guest", "last_login")
    list_filter = ("is_staff", "is_guest", "is_active")
    inlines = (MembershipInline,)
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Playground", {"fields": ("is_guest",)}))

    def get_inline_instances(self, request: HttpRequest, obj: User | None = None) -> Any:
        return super().get_inline_instances(request, obj) if obj is not None else []

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        super().save_related(*args, **kwargs)
        access.invalidate()


@admin.register(Membership)
class MembershipAdmin(_Decides, MembershipPage):
    list_display = ("cluster", "user", "role", "created")
    list_filter = ("role",)
    search_fields = ("cluster__name", "user__username")
    autocomplete_fields = ("cluster", "user")
    list_select_related = ("cluster", "user")


@admin.register(ApiToken)
class ApiTokenAdmin(ApiTokenPage):
    """A token is shown once, after it is saved; deleting one revokes it."""

    list_display = ("name", "prefix", "user", "created", "expires")
    search_fields = ("name", "user__username")
    list_select_related = ("user",)
    fields = ("user", "name", "expires")
    autocomplete_fields = ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ("user",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        token = access.prepare_api_token(obj)
        obj.save()
        messages.warning(request, f"The new token, shown only now: {token}")


@admin.register(ClusterCredential)
class ClusterCredentialAdmin(_Decides, CredentialPage):
    """Issued by kubeconfig files, so there is nothing to add or change; revoking makes the token void."""

    list_display = ("name", "cluster", "groups", "user", "created")
    search_fields = ("name", "cluster__name", "user__username")
    list_select_related = ("cluster", "user")
    actions = ("revoke",)

    @admin.action(description="Revoke: the token stops working, the next kubeconfig has another")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ClusterCredential]) -> None:
        for credential in queryset:
            access.revoke(credential)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ClusterCredential | None = None) -> bool:
        return False
