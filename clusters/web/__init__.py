"""The playground's own web face: REST, kubeconfig files, health, metrics, admin."""
