"""URLs of the people pages; `playground.urls` includes them at the root."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from playground.accounts import views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/tokens/<int:pk>/revoke", views.revoke_token, name="revoke-token"),
]
