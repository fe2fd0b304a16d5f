"""Filters: grep, head, tail, wc, sort, uniq, cut, tr, sed, tee, seq, rev, base64."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode

import re2

from clusters.components.kubelet.console.files import FileProblem
from clusters.components.kubelet.console.process import TICK, Command, Process, Running
from clusters.components.kubelet.script import arithmetic, limits


def _pattern(text: str, *, extended: bool, fixed: bool, ignore: bool) -> re2._Regexp:
    """RE2, whose time is linear in the text: a pattern from outside can do no harm. Raises re2.error."""
    if fixed:
        text = re.escape(text)
    elif not extended:
        # Basic expressions escape what extended ones mean.
        text = re.sub(r"\\?[+?(){}|]", lambda m: m.group()[1] if len(m.group()) == 2 else "\\" + m.group(), text)
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore
    options.max_mem = 1 << 20
    return re2.compile(text, options=options)


def _lines(data: bytes) -> list[str]:
    return data.decode(errors="replace").removesuffix("\n").split("\n") if data else []


def grep(p: Process) -> Running:
    parsed = p.options("EFivcnqlhHowsrRx", "eABCm")
    if parsed is None:
        return 2
    options, names = parsed
    if "e" not in options:
        if not names:
            p.say("pattern expected")
            return 2
        options["e"] = names.pop(0)
    extended, fixed = "E" in options or p.name == "egrep", "F" in options or p.name == "fgrep"
    text = options["e"]
    try:
        pattern = _pattern(text, extended=extended, fixed=fixed, ignore="i" in options)
    except re2.error:
        p.say(f"bad regex '{text}'")
        return 2
    inputs, failed = yield from p.inputs(names)
    found = False
    for name, data in inputs:
        count = 0
        prefix = f"{name}:" if (len(names) > 1 or "H" in options) and "h" not in options else ""
        for number, line in enumerate(_lines(data), start=1):
            match = pattern.fullmatch(line) if "x" in options else pattern.search(line)
            if (match is None) != ("v" in options):
                continue
            count += 1
            found = True
            if "q" in options:
                return 0
            if "c" in options or "l" in options:
                continue
            where = f"{number}:" if "n" in options else ""
            p.print(prefix + where + (match.group() if "o" in options and match is not None else line))
        if "c" in options:
            p.print(f"{prefix}{count}")
        elif "l" in options and count:
            p.print("(standard input)" if name == "-" else name)
        yield TICK
    return 2 if failed else (0 if found else 1)


def head(p: Process) -> Running:
    words = [f"-n{w[1:]}" if re.fullmatch(r"-\d+", w) else w for w in p.args[1:]]
    p.args[1:] = words
    parsed = p.options("qvfF", "nc")
    if parsed is None:
        return 1
    options, names = parsed
    count = options.get("n", "10")
    if not re.fullmatch(r"[-+]?\d{1,9}", count):
        p.say(f"invalid number '{count}'")
        return 1
    last = p.name == "tail"
    inputs, code = yield from p.inputs(names)
    for name, data in inputs:
        if len(inputs) > 1:
            p.print(f"==> {'standard input' if name == '-' else name} <==")
        if "c" in options:
            size = int(options["c"]) if options["c"].isdigit() else 0
            p.out(data[-size:] if last and size else data[:size])
            continue
        pieces = data.splitlines(keepends=True)
        number = int(count)
        if last:
            chosen = (
                pieces[max(number - 1, 0) :]
                if count.startswith("+")
                else pieces[len(pieces) - min(abs(number), len(pieces)) :]
            )
        else:
            chosen = pieces[:number]
        p.out(b"".join(chosen))
    while last and {"f", "F"} & options.keys():
        # Nothing else writes to these files: it waits until it is stopped.
        yield p.now + 3_600_000_000
    return code


def wc(p: Process) -> Running:
    parsed = p.options("lwcm")
    if parsed is None:
        return 1
    options, names = parsed
    inputs, code = yield from p.inputs(names)
    totals = [0, 0, 0]
    for name, data in inputs:
        counts = [data.count(b"\n"), len(data.split()), len(data)]
        totals = [a + b for a, b in zip(totals, counts)]
        p.print(_counted(counts, options, "" if name == "-" else name))
    if len(inputs) > 1:
        p.print(_counted(totals, options, "total"))
    return code


def _counted(counts: list[int], options: dict[str, str], name: str) -> str:
    shown = [
        c for c, letter in zip(counts, "lwc") if not options or letter in options or (letter == "c" and "m" in options)
    ]
    text = str(shown[0]) if len(shown) == 1 else " ".join(f"{c:9}" for c in shown)
    return f"{text} {name}".rstrip()


def sort(p: Process) -> Running:
    parsed = p.options("rnuhf", "kt")
    if parsed is None:
        return 2
    options, names = parsed
    inputs, code = yield from p.inputs(names)
    lines = [line for _, data in inputs for line in _lines(data)]
    field = int(options["k"].partition(",")[0].rstrip("nr")) if re.match(r"\d{1,3}", options.get("k", "")) else 0

    def key(line: str) -> tuple[float, str]:
        text = line
        if field:
            pieces = line.split(options["t"]) if options.get("t") else line.split()
            text = pieces[field - 1] if field <= len(pieces) else ""
        number = re.match(r"\s*-?\d{1,15}(\.\d{1,6})?", text)
        return (float(number.group()) if number else 0.0, text) if "n" in options or "h" in options else (0.0, text)

    lines.sort(key=key, reverse="r" in options)
    if "u" in options:
        lines = list(dict.fromkeys(lines))
    for line in lines:
        p.print(line)
    return code


def uniq(p: Process) -> Running:
    parsed = p.options("cdu")
    if parsed is None:
        return 1
    options, names = parsed
    inputs, code = yield from p.inputs(names[:1])
    groups: list[list[str]] = []
    for line in (line for _, data in inputs for line in _lines(data)):
        if groups and groups[-1][0] == line:
            groups[-1].append(line)
        else:
            groups.append([line])
    for group in groups:
        if ("d" in options and len(group) < 2) or ("u" in options and len(group) > 1):
            continue
        p.print(f"{len(group):7} {group[0]}" if "c" in options else group[0])
    return code


def cut(p: Process) -> Running:
    parsed = p.options("s", "dfcb")
    if parsed is None:
        return 1
    options, names = parsed
    wanted = options.get("f") or options.get("c") or options.get("b")
    if not wanted or not re.fullmatch(r"[\d,-]{1,200}", wanted):
        p.say("expected a list of bytes, characters, or fields")
        return 1
    inputs, code = yield from p.inputs(names)
    for line in (line for _, data in inputs for line in _lines(data)):
        if "f" not in options:
            p.print("".join(line[i] for i in _chosen(wanted, len(line))))
            continue
        mark = options.get("d", "\t")[:1] or "\t"
        if mark not in line:
            if "s" not in options:
                p.print(line)
            continue
        pieces = line.split(mark)
        p.print(mark.join(pieces[i] for i in _chosen(wanted, len(pieces))))
    return code


def _chosen(wanted: str, size: int) -> list[int]:
    out: set[int] = set()
    for piece in wanted.split(","):
        first, dash, last = piece.partition("-")
        low = int(first or 1)
        high = (int(last) if last.isdigit() else size) if dash else low
        out.update(range(low - 1, min(high, size)))
    return sorted(i for i in out if 0 <= i < size)


def tr(p: Process) -> Running:
    parsed = p.options("dsc")
    if parsed is None:
        return 1
    options, sets = parsed
    if not sets:
        p.say("missing operand")
        return 1
    text = (yield from p.stdin.rest()).decode(errors="replace")
    first, second = _set(sets[0]), _set(sets[1]) if len(sets) > 1 else ""
    if "d" in options:
        text = "".join(c for c in text if (c not in first) == ("c" not in options))
    elif second:
        second = second.ljust(len(first), second[-1])
        text = text.translate({ord(a): b for a, b in zip(first, second)})
    if "s" in options:
        squeezed = second or first
        text = "".join(c for i, c in enumerate(text) if not (i and c == text[i - 1] and c in squeezed))
    p.out(text.encode())
    return 0


def _set(text: str) -> str:
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z")
    text = text.replace("[:digit:]", "0-9").replace("[:space:]", " \t\n\r").replace("[:alpha:]", "A-Za-z")
    return re.sub(
        r"(.)-(.)",
        lambda m: "".join(map(chr, range(ord(m[1]), min(ord(m[2]), ord(m[1]) + 300) + 1))),
        text[:200],
        flags=re.S,
    )


def sed(p: Process) -> Running:
    parsed = p.options("nErs", "e")
    if parsed is None:
        return 1
    options, names = parsed
    script = options.get("e") or (names.pop(0) if names else "")
    found = re.fullmatch(r"s(.)((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gip\d]*)", script, re.S)
    lines = re.fullmatch(r"(\d{1,9})(?:,(\d{1,9}|\$))?([pd])", script)
    if found is None and lines is None:
        p.say(f"unsupported command '{script[:80]}' (this one knows s/a/b/, Np, N,Mp, Nd)")
        return 1
    inputs, code = yield from p.inputs(names)
    text = b"".join(data for _, data in inputs)
    if lines is not None:
        low = int(lines.group(1))
        high = 1 << 40 if lines.group(2) == "$" else int(lines.group(2) or low)
        for number, line in enumerate(_lines(text), start=1):
            inside = low <= number <= high
            if (lines.group(3) == "p" and (inside or "n" not in options)) or (lines.group(3) == "d" and not inside):
                p.print(line)
        return code
    assert found is not None
    flags = found.group(4)
    try:
        pattern = _pattern(found.group(2), extended=bool({"E", "r"} & options.keys()), fixed=False, ignore="i" in flags)
    except re2.error:
        p.say(f"bad regex '{found.group(2)[:80]}'")
        return 1
    put = re.sub(r"(?<!\\)&", r"\\g<0>", found.group(3))
    size = 0
    for line in _lines(text):
        changed = pattern.sub(put, line[: limits.VALUE], 0 if "g" in flags else 1)
        size += len(changed)
        if size > limits.PIPE:
            break
        p.print(changed)
    return code


def tee(p: Process) -> Running:
    parsed = p.options("ai")
    if parsed is None:
        return 1
    options, names = parsed
    data = yield from p.stdin.rest()
    p.out(data)
    code = 0
    for name in names:
        try:
            p.files.write(p.path(name), data, p.now, append="a" in options)
        except FileProblem as problem:
            p.say(f"{name}: {problem}")
            code = 1
    return code


def seq(p: Process) -> Running:
    numbers = p.args[1:]
    if not 1 <= len(numbers) <= 3 or not all(re.fullmatch(r"-?\d{1,12}", n) for n in numbers):
        p.say("needs one to three whole numbers")
        return 1
    values = [int(n) for n in numbers]
    first, step, last = (values[0] if len(values) > 1 else 1), (values[1] if len(values) > 2 else 1), values[-1]
    if step == 0:
        p.say("increment must not be 0")
        return 1
    for count, number in enumerate(range(first, last + (1 if step > 0 else -1), step)):
        p.print(str(number))
        if count % 50 == 49:
            yield TICK
    return 0


def yes(p: Process) -> Running:
    text = " ".join(p.args[1:]) or "y"
    while True:
        for _ in range(20):
            p.print(text)
        yield TICK


def base64(p: Process) -> Running:
    parsed = p.options("d", "w")
    if parsed is None:
        return 1
    options, names = parsed
    inputs, code = yield from p.inputs(names[:1])
    for _, data in inputs:
        if "d" in options:
            try:
                p.out(b64decode(data.strip()))
            except ValueError:
                p.say("invalid input")
                return 1
        else:
            text = b64encode(data).decode()
            width = int(options["w"]) if options.get("w", "").isdigit() else 76
            p.print("\n".join(text[i : i + width] for i in range(0, len(text), width)) if width else text)
    return code


def turned(p: Process) -> Running:
    """rev turns each line round, tac their order; nl numbers them."""
    inputs, code = yield from p.inputs([w for w in p.args[1:] if not w.startswith("-")])
    for _, data in inputs:
        lines = _lines(data)
        if p.name == "rev":
            lines = [line[::-1] for line in lines]
        elif p.name == "tac":
            lines.reverse()
        else:
            lines = [f"{number:6}\t{line}" for number, line in enumerate(lines, start=1)]
        p.out("".join(f"{line}\n" for line in lines).encode())
    return code


def digest(p: Process) -> Running:
    algorithm = p.name.removesuffix("sum")
    inputs, code = yield from p.inputs([w for w in p.args[1:] if not w.startswith("-")])
    for name, data in inputs:
        p.print(f"{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}  {name}")
    return code


def expr(p: Process) -> int:
    words = [word.replace("\\", "") for word in p.args[1:]]
    if len(words) == 2 and words[0] == "length":
        p.print(str(len(words[1])))
        return 0
    try:
        result = arithmetic.evaluate(" ".join(words), lambda name: None, lambda name, value: None)
    except arithmetic.ArithmeticProblem:
        p.say("syntax error")
        return 2
    p.print(str(result))
    return 0 if result else 1


COMMANDS: dict[str, Command] = {
    "grep": grep, "egrep": grep, "fgrep": grep, "head": head, "tail": head, "wc": wc, "sort": sort, "uniq": uniq,
    "cut": cut, "tr": tr, "sed": sed, "tee": tee, "seq": seq, "yes": yes, "base64": base64,
    "rev": turned, "tac": turned, "nl": turned,
    "md5sum": digest, "sha1sum": digest, "sha256sum": digest, "sha512sum": digest, "expr": expr,
}  # fmt: skip
