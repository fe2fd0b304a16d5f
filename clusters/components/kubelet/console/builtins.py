"""Commands that change the shell they run in."""

from __future__ import annotations

from collections.abc import Callable

from clusters.components.kubelet.console.files import FileProblem, resolve
from clusters.components.kubelet.console.machine import Exit, Leave, Return, Shell, Streams
from clusters.components.kubelet.console.process import Running
from clusters.components.kubelet.script import arithmetic

Builtin = Callable[[Shell, list[str], Streams], "int | Running"]


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else default


def cd(shell: Shell, words: list[str], streams: Streams) -> int:
    target = words[1] if len(words) > 1 else shell.exported.get("HOME", "/")
    if target == "-":
        target = shell.exported.get("OLDPWD", shell.cwd)
        streams.out(f"{target}\n".encode())
    path = resolve(shell.cwd, target)
    if not shell.system.files.is_folder(path):
        why = "Not a directory" if shell.system.files.get(path) is not None else "No such file or directory"
        streams.err(f"{shell.name}: cd: can't cd to {target}: {why}\n".encode())
        return 2 if shell.name == "sh" else 1
    shell.exported["OLDPWD"], shell.cwd = shell.cwd, path
    if "PWD" in shell.exported:
        shell.exported["PWD"] = path
    return 0


def exit_(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) > 1 and not words[1].lstrip("-").isdigit():
        streams.err(f"{shell.name}: exit: Illegal number: {words[1]}\n".encode())
        raise Exit(2)
    raise Exit(int(words[1][:10]) & 255 if len(words) > 1 else shell.code)


def export(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) == 1 or words[1] == "-p":
        for name, value in sorted(shell.exported.items()):
            streams.out(f"export {name}='{value}'\n".encode())
        return 0
    for word in words[1:]:
        name, given, value = word.partition("=")
        if not name.isidentifier():
            streams.err(f"{shell.name}: export: {name}: bad variable name\n".encode())
            return 2
        shell.exported[name] = value if given else (shell.value(name) or "")
        shell.local.pop(name, None)
    return 0


def unset(shell: Shell, words: list[str], streams: Streams) -> int:
    for name in words[1:]:
        shell.local.pop(name, None)
        shell.exported.pop(name, None)
    return 0


def set_(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) == 1:
        for name, value in sorted({**shell.exported, **shell.local}.items()):
            streams.out(f"{name}='{value}'\n".encode())
        return 0
    for index, word in enumerate(words[1:], start=1):
        if word == "--":
            shell.args = words[index + 1 :]
            break
        on = word.startswith("-")
        if not on and not word.startswith("+"):
            shell.args = words[index:]
            break
        if "e" in word:
            shell.errexit = on
        if "x" in word:
            shell.trace = on
    return 0


def break_(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Leave(max(_number(words[1], 1), 1) if len(words) > 1 else 1, again=False)


def continue_(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Leave(max(_number(words[1], 1), 1) if len(words) > 1 else 1, again=True)


def pwd(shell: Shell, words: list[str], streams: Streams) -> int:
    streams.out(f"{shell.cwd}\n".encode())
    return 0


def shift(shell: Shell, words: list[str], streams: Streams) -> int:
    count = _number(words[1], 1) if len(words) > 1 else 1
    if count > len(shell.args):
        return 1
    shell.args = shell.args[count:]
    return 0


def eval_(shell: Shell, words: list[str], streams: Streams) -> Running:
    shell.depth += 1
    if shell.depth > 40:
        raise Exit(2)
    try:
        yield from shell.script(" ".join(words[1:]), streams)
    finally:
        shell.depth -= 1
    return shell.code


def exec_(shell: Shell, words: list[str], streams: Streams) -> Running:
    if len(words) > 1:
        yield from shell.call(words[1:], {}, streams)
        raise Exit(shell.code)
    return 0


def read(shell: Shell, words: list[str], streams: Streams) -> Running:
    names: list[str] = []
    rest, into = words[1:], ""
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or names:
            names.append(word)
        elif word[-1] in "ptndua" and rest:
            value = rest.pop(0)
            if word[-1] == "p" and shell.system.tty:
                streams.err(value.encode())
            into = value if word[-1] == "a" else into
    line = yield from streams.stdin.line()
    if line is None:
        return 1
    text = line.decode(errors="replace").rstrip("\n")
    separators = shell.value("IFS")
    if into:
        shell.assign_array(into, text.split(separators or None))
        return 0
    names = names or ["REPLY"]
    fields = text.split(separators or None, len(names) - 1) if separators != "" else [text]
    for index, name in enumerate(names):
        shell.assign(name, fields[index].strip() if index < len(fields) else "")
    return 0


def local(shell: Shell, words: list[str], streams: Streams) -> int:
    if not shell.frames and words[0] == "local":
        streams.err(f"{shell.name}: local: can only be used in a function\n".encode())
        return 1
    for word in [w for w in words[1:] if not w.startswith("-")]:
        name, given, value = word.partition("=")
        if not name.isidentifier():
            streams.err(f"{shell.name}: {words[0]}: {name}: bad variable name\n".encode())
            return 2
        if shell.frames:
            shell.frames[-1].setdefault(name, shell.value(name))
        if given or shell.value(name) is None:
            shell.assign(name, value)
    return 0


def return_(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Return(_number(words[1], 2) & 255 if len(words) > 1 else shell.code)


def let(shell: Shell, words: list[str], streams: Streams) -> int:
    try:
        results = [arithmetic.evaluate(word, shell.number, shell.assign) for word in words[1:]]
    except arithmetic.ArithmeticProblem as problem:
        streams.err(f"{shell.name}: let: {problem}\n".encode())
        return 1
    return 0 if results and results[-1] else 1


def source(shell: Shell, words: list[str], streams: Streams) -> int | Running:
    if len(words) < 2:
        streams.err(f"{shell.name}: {words[0]}: filename argument required\n".encode())
        return 2
    try:
        data = shell.system.files.read(resolve(shell.cwd, words[1]))
    except FileProblem as problem:
        streams.err(f"{shell.name}: {words[0]}: {words[1]}: {problem}\n".encode())
        return 1
    return eval_(shell, ["eval", data.decode(errors="replace")], streams)


def trap(shell: Shell, words: list[str], streams: Streams) -> int:
    """Signals never reach a command here, but its end does."""
    rest = [w for w in words[1:] if w != "--"]
    for signal in rest[1:]:
        if signal in ("EXIT", "0"):
            shell.traps["EXIT"] = "" if rest[0] == "-" else rest[0]
    return 0


def type_(shell: Shell, words: list[str], streams: Streams) -> int:
    from clusters.components.kubelet.console import tools

    code = 0
    quiet = words[0] == "command"
    for word in [w for w in words[1:] if not w.startswith("-")]:
        if word in BUILTINS:
            streams.out(f"{word}\n".encode() if quiet else f"{word} is a shell builtin\n".encode())
            continue
        found = tools.where(word, shell.system)
        if found:
            streams.out(f"{found}\n".encode() if quiet else f"{word} is {found}\n".encode())
        else:
            code = 127
            if not quiet:
                streams.err(f"{word}: not found\n".encode())
    return code


def command(shell: Shell, words: list[str], streams: Streams) -> int | Running:
    if len(words) > 1 and words[1] in ("-v", "-V"):
        return type_(shell, ["command", *words[2:]], streams)
    return _call(shell, words[1:], streams)


def _call(shell: Shell, words: list[str], streams: Streams) -> Running:
    if words:
        yield from shell.call(words, {}, streams)
    return shell.code if words else 0


def nothing(shell: Shell, words: list[str], streams: Streams) -> int:
    return 0


BUILTINS: dict[str, Builtin] = {
    "cd": cd, "exit": exit_, "export": export, "unset": unset, "set": set_, "break": break_, "continue": continue_,
    "pwd": pwd, "shift": shift, "eval": eval_, "exec": exec_, "read": read, "type": type_, "command": command,
    "local": local, "declare": local, "typeset": local, "return": return_, "let": let, "source": source, ".": source,
    "shopt": nothing, ":": nothing, "trap": trap, "umask": nothing, "wait": nothing, "readonly": export,
    "ulimit": nothing, "alias": nothing,
}  # fmt: skip
