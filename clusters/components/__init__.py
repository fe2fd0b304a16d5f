"""Scheduler, controllers, kubelets, network: each reaches the cluster through `clusters.client` only, and
none imports another."""
