"""What several controllers share: pods, references, conditions, hashes, pod creation.

Models: kube-controller-manager, pkg/controller.
"""
