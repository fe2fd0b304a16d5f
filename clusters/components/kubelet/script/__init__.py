"""The shell's language: what a script says, and what its words become.

Two shells speak it: the one that `kubectl exec` meets runs scripts (`console`), the one that works out what a
container will do only thinks them through (`shell`).
"""
