"""The store: one append-only log of revisions per cluster, as etcd has it."""
