"""`make bench [ONLY=name]`: every benchmark, one JSON line each. Figures of other machines mean little: compare
within one run. `peer` is what the same thing took on Kubernetes 1.36 on this kind of machine (2 cores)."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
    only = sys.argv[1:] or os.environ.get("ONLY", "").split()
    failed = 0
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = file.stem.removeprefix("bench_")
        if only and name not in only:
            continue
        begin = time.monotonic()
        try:
            figures = importlib.import_module(f"tests.bench.{file.stem}").run()
        except Exception as error:  # one that fails must not hide the others
            figures = {"error": f"{type(error).__name__}: {error}"}
            failed += 1
        print(json.dumps({"bench": name, **figures, "took_s": round(time.monotonic() - begin, 1)}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
