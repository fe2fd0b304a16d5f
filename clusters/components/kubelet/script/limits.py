"""How much a session may use: whoever types is not trusted."""

from __future__ import annotations

SCRIPT = 64 * 1024
"""Characters of one script or command line."""
DEPTH = 40
"""Nesting of commands, substitutions and shells."""
PIPE = 1024 * 1024
"""Bytes that pass from one command of a pipeline to the next."""
WORDS = 4096
"""Words that one command line expands to."""
VALUE = 64 * 1024
"""Characters of a variable, or of a word after expansion."""
VARIABLES = 1000
FILE = 1024 * 1024
FILES = 500
"""Files that a container's writable layer holds."""
LAYER = 4 * 1024 * 1024
"""Bytes that a container's writable layer holds."""
INPUT = 1024 * 1024
"""Bytes of standard input that nobody has read yet."""
