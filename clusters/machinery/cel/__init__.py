"""CEL, the expression language of validation rules and admission policies.

    text ──lexer, parser──▶ tree ──checker (types, overloads)──▶ closures ──evaluate, metered──▶ value

The grammar, macros, types, refusals and the functions that Kubernetes adds follow cel-go; every step of an
evaluation costs, and a program that costs too much is cancelled, so nothing that a user writes can stall a server.
(The CEL packages for Python neither check types nor meter, and lack optional values; `cel-python` serves the tests
as a second opinion.) Models: cel-go; apiserver, pkg/cel.
"""

from clusters.machinery.cel.errors import CelError, CompileError, CostExceeded
from clusters.machinery.cel.program import Env, Program

__all__ = ["CelError", "CompileError", "CostExceeded", "Env", "Program"]
