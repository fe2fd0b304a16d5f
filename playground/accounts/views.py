"""Login, logout, and a person's own page with their API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from playground.accounts import access
from playground.accounts.forms import LoginForm, TokenForm
from playground.accounts.models import ApiToken, Membership, User

MAX_TOKENS = 20


class Login(LoginView):
    """A guest who logs in keeps their sandboxes."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = False

    def form_valid(self, form: Any) -> HttpResponse:
        # Asked before logging in: the request's user is looked up when first used.
        guest = User.objects.filter(pk=self.request.user.pk or 0, is_guest=True).first()
        answer = super().form_valid(form)
        user = self.request.user
        if guest is not None and isinstance(user, User) and user.pk != guest.pk:
            adopt(guest, user)
        return answer


def adopt(guest: User, user: User) -> None:
    """What the guest had is the user's now, and the guest is gone."""
    held = Membership.objects.filter(user=user).values("cluster_id")
    Membership.objects.filter(user=guest).exclude(cluster_id__in=held).update(user=user)
    guest.delete()
    access.invalidate()


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The person's clusters and tokens; POST makes a token."""
    user = request.user
    assert isinstance(user, User)
    form = TokenForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        if user.api_tokens.count() >= MAX_TOKENS:
            form.add_error("name", f"You have {MAX_TOKENS} tokens already: revoke one first.")
        else:
            made = access.issue_api_token(user, form.cleaned_data["name"])
            form = TokenForm()
    context = {"form": form, "made": made, "tokens": user.api_tokens.order_by("-created"), "user": user}
    return render(request, "accounts/account.html", context)


@require_POST
@login_required
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Only one's own."""
    assert isinstance(request.user, User)
    dropped, _ = ApiToken.objects.filter(pk=pk, user=request.user).delete()
    messages.info(request, "The token is revoked." if dropped else "There was no such token.")
    return redirect("account")
