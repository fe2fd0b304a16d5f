"""The API server above the registry: from a request to a Kubernetes answer, without knowing what carries it."""
