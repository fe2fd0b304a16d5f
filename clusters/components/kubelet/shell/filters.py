"""Commands behind a pipe: what they make of the lines before them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2


def apply(words: Sequence[str], lines: list[str]) -> tuple[list[str], int]:
    """(lines that come out, exit code). A command that is not known here passes everything on."""
    name, args = words[0].rpartition("/")[2], list(words[1:])
    if name in ("grep", "egrep", "fgrep"):
        return _grep(args, lines)
    if name == "awk":
        return _awk(args, lines), 0
    if name in ("head", "tail"):
        count = _count(args)
        return (lines[:count] if name == "head" else lines[-count:] if count else []), 0
    if name == "wc":
        return [str(len(lines)) if "-l" in args else str(sum(map(len, lines)) + len(lines))], 0
    if name == "cut":
        return _cut(args, lines), 0
    if name == "tr":
        return _tr(args, lines), 0
    if name == "sort":
        return sorted(set(lines) if "-u" in args else lines, reverse="-r" in args), 0
    if name == "uniq":
        return [line for i, line in enumerate(lines) if i == 0 or lines[i - 1] != line], 0
    if name == "true":
        return [], 0
    if name == "false":
        return [], 1
    return lines, 0


def _pattern(text: str, *, ignore_case: bool = False) -> re2._Regexp | None:
    """RE2's, linear in time: a script is not trusted."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(text, options=options)
    except re2.error:
        return None


def _grep(args: list[str], lines: list[str]) -> tuple[list[str], int]:
    flags = "".join(a[1:] for a in args if a.startswith("-"))
    wanted = next((a for a in args if not a.startswith("-")), "")
    pattern = _pattern(re.escape(wanted) if "F" in flags else wanted, ignore_case="i" in flags)
    found = [line for line in lines if (pattern.search(line) if pattern else wanted in line)]
    if "v" in flags:
        found = [line for line in lines if line not in found]
    if "q" in flags:
        return [], 0 if found else 1
    if "c" in flags:
        return [str(len(found))], 0 if found else 1
    return found, 0 if found else 1


_AWK = re.compile(r"\s*(?:/(?P<match>[^/]*)/)?\s*(?:\{\s*print\s*(?P<what>[^}]*)\})?\s*")


def _awk(args: list[str], lines: list[str]) -> list[str]:
    separator = None
    script = ""
    for i, arg in enumerate(args):
        if arg.startswith("-F"):
            separator = arg[2:] or (args[i + 1] if i + 1 < len(args) else None)
        elif not script and (i == 0 or args[i - 1] != "-F"):
            script = arg
    found = _AWK.fullmatch(script)
    if found is None:
        return lines
    pattern = _pattern(found.group("match") or "")
    columns = [int(n) for n in re.findall(r"\$(\d+)", found.group("what") or "")]
    out = []
    for line in lines:
        if pattern is not None and not pattern.search(line):
            continue
        fields = [line, *line.split(separator)]
        out.append(" ".join(fields[n] if n < len(fields) else "" for n in columns) if columns else line)
    return out


def _count(args: list[str]) -> int:
    digits = next((a.lstrip("-n") for a in args if a.lstrip("-n").isdigit()), "10")
    return int(digits)


def _cut(args: list[str], lines: list[str]) -> list[str]:
    text = " ".join(args)
    delimiter = re.search(r"-d\s*['\"]?(.)", text)
    field = re.search(r"-f\s*(\d+)", text)
    if field is None:
        return lines
    at, split = int(field.group(1)) - 1, delimiter.group(1) if delimiter else "\t"
    return [(parts[at] if at < len(parts) else "") for parts in (line.split(split) for line in lines)]


def _tr(args: list[str], lines: list[str]) -> list[str]:
    if len(args) == 2 and args[0] == "-d":
        return [line.translate({ord(c): None for c in args[1]}) for line in lines]
    if args == ["a-z", "A-Z"] or args == ["[:lower:]", "[:upper:]"]:
        return [line.upper() for line in lines]
    if args == ["A-Z", "a-z"] or args == ["[:upper:]", "[:lower:]"]:
        return [line.lower() for line in lines]
    return lines
