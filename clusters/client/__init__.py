"""How everything inside reaches the cluster: client, informers, work queues, event recorder."""
