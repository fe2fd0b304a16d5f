"""PodSpec and PodTemplateSpec: defaults and validation, shared by Pod and all workloads."""
