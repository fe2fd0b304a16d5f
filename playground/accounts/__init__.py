"""People: users, guests, who may reach which cluster, API tokens and kubeconfig credentials."""
