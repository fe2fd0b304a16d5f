"""Rows about people; what they mean is decided in `access.py`.

Secrets are stored as SHA-256 digests: tokens are 256 random bits, so a slow hash would add nothing but time
to every request.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person, or a guest: someone who was given a sandbox without signing up."""

    is_guest = models.BooleanField(
        default=False, help_text="Made for a visitor; goes away with its sandboxes when unused."
    )

    class Meta(AbstractUser.Meta):
        pass


class Membership(models.Model):
    """What a user is to a cluster. A cluster without an owner belongs to whoever runs the playground."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        EDITOR = "editor", "Editor"
        VIEWER = "viewer", "Viewer"

    cluster = models.ForeignKey("clusters.Cluster", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.EDITOR)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cluster", "user"], name="one_membership_per_user_and_cluster"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.cluster}"


class ApiToken(models.Model):
    """A bearer token for the playground's own REST API. The token itself is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ClusterCredential(models.Model):
    """A bearer token for kubectl: an identity (user name and groups) inside one cluster.

    The token is derived from the playground's secret key and `nonce`, so a kubeconfig can be written again
    although only the digest is stored; a new nonce revokes it. `user` is the person it was issued to, if any:
    the token lives only as long as they may reach the cluster.
    """

    cluster = models.ForeignKey("clusters.Cluster", models.CASCADE, related_name="credentials")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="credentials", null=True, blank=True
    )
    name = models.CharField(max_length=253)
    groups = models.JSONField(default=list)
    nonce = models.CharField(max_length=32, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["cluster", "name", "user"],
                name="one_credential_per_identity",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.cluster}"
