"""Login, logout and the account page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client

from clusters.models import Cluster
from playground.accounts import access, forms
from playground.accounts.models import ApiToken, Membership, User


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.PLAYGROUND_ANONYMOUS = True
    settings.STATIC_ROOT = tmp_path
    forms._failures.clear()
    access.invalidate()
    yield
    access.invalidate()


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", password="battery staple")


def login(client: Client, password: str = "battery staple") -> Any:
    return client.post("/login/", {"username": "ann", "password": password})


def test_login_leads_home_and_logout_ends_it(ann: User) -> None:
    client = Client()
    assert "Log in" in client.get("/login/").content.decode()
    answer = login(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/account/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert client.get("/account/").status_code == 302


def test_wrong_password_says_so_without_saying_which_half(ann: User) -> None:
    page = login(Client(), "wrong").content.decode()
    assert "correct username and password" in page


def test_many_wrong_passwords_lock_the_name_for_a_while(ann: User) -> None:
    for _ in range(forms.ATTEMPTS):
        login(Client(), "wrong")
    assert "Too many wrong passwords" in login(Client()).content.decode()


def test_login_does_not_redirect_to_other_sites(ann: User) -> None:
    answer = Client().post("/login/?next=https://evil.example/", {"username": "ann", "password": "battery staple"})
    assert answer["Location"] == "/"


def test_guest_who_logs_in_keeps_their_sandboxes(ann: User) -> None:
    guest = User.objects.create(username="guest-1", is_guest=True)
    client = Client()
    client.force_login(guest)
    cluster = Cluster.objects.create(name="mine", seed=1, created=0, clock_base=0, clock_wall_base=0)
    access.claim(guest, cluster)
    login(client)
    assert Membership.objects.get(cluster=cluster).user == ann
    assert not User.objects.filter(is_guest=True).exists()


def test_new_token_is_shown_once_and_can_be_revoked(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    page = client.post("/account/", {"name": "ci <b>"}).content.decode()
    token = re.search(r"cpa_[\w-]+", page)
    assert token is not None
    assert access.api_user(token[0]) == ann
    assert "<b>" not in page
    assert token[0] not in client.get("/account/").content.decode()
    row = ApiToken.objects.get()
    other = Client()
    other.force_login(User.objects.create_user("eve"))
    other.post(f"/account/tokens/{row.pk}/revoke")
    assert access.api_user(token[0]) == ann, "only one's own"
    client.post(f"/account/tokens/{row.pk}/revoke")
    assert access.api_user(token[0]) is None


def test_token_without_a_name_is_refused_on_the_page(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    assert client.post("/account/", {"name": ""}).status_code == 200
    assert not ApiToken.objects.exists()


def test_checks_notice_settings_that_cannot_work(settings: Any) -> None:
    assert not [e for e in run_checks() if e.id and e.id.startswith("accounts.")]
    settings.PLAYGROUND_GUESTS = "many"
    assert [e.id for e in run_checks() if e.id and e.id.startswith("accounts.")] == ["accounts.E002"]
