"""What `kubectl exec` meets inside a simulated container: a small shell, its tools, files and network.

Pure: nothing typed here reaches the host. A `Session` is fed input and time and gives output; it owns no
connection, thread or clock. Sizes, depths and the work done in one go are limited (`limits`).
"""

from clusters.components.kubelet.console.session import Session

__all__ = ["Session"]
