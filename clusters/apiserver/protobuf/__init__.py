"""Request bodies in Kubernetes' protobuf form.

Typed Go clients (`kubectl create`, controller-runtime) send nothing else for built-in kinds, whatever the server
offers; answers are always JSON, which they take.
"""

from __future__ import annotations

from clusters.apiserver.protobuf.body import Unreadable, read_body

__all__ = ["Unreadable", "read_body"]
