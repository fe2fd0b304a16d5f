"""Whether a user may do something: system:masters, the node authorizer, RBAC."""
