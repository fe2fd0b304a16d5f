"""The simulated Kubernetes: everything here knows clusters and nobody's name.

Layers, lowest first (checked by import-linter): kernel, machinery, resources, models, storage, registry,
admission, apiserver, client, components, runtime, realtime, web.
"""
