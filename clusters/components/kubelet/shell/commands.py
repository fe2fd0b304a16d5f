"""What is known of commands by name."""

from __future__ import annotations

QUICK = {
    "ls", "env", "ps", "mkdir", "cp", "mv", "chmod", "chown", "chgrp", "uname", "id", "whoami", "pwd", "sed", "grep",
    "awk", "head", "tail", "tr", "cut", "sort", "wc", "dd", "sync", "ln", "printenv", "which", "umask", "df", "du",
    "free", "mount", "umount", "stat", "tee", "xargs", "base64", "sha256sum", "sha1sum", "md5sum", "tar", "gzip",
    "gunzip", "zip", "unzip", "apk", "apt", "apt-get", "yum", "dnf", "pip", "pip3", "git", "jq", "yq", "kubectl",
    "openssl", "basename", "dirname", "expr", "mktemp", "find", "diff", "cmp", "rev", "tac", "nl", "od", "xxd", "fold",
    "paste", "uniq", "split", "truncate", "shuf", "nproc", "arch", "sysctl", "ip", "iptables", "ifconfig", "route",
    "modprobe", "groupadd", "useradd", "addgroup", "adduser", "install", "kill", "killall", "pgrep", "pkill",
    "readlink", "realpath", "egrep", "fgrep", "envsubst", "keytool", "mysql", "psql", "mongo", "mongosh", "cqlsh", "mc",
    "clear", "reset", "uptime", "ulimit", "update-ca-certificates", "ldconfig", "locale", "rmdir", "link", "unlink",
}  # fmt: skip
"""They take a moment and end well, whatever they are given."""
BUILTIN = {"cd", "trap", "source", ".", "wait", "shopt", "ulimit", "alias"}
"""Of the shell itself, and without consequence here."""
DECLARING = {"export", "local", "readonly", "declare", "typeset"}
WRAPPERS = {"exec", "time", "nohup", "tini", "dumb-init", "command", "env", "sudo"}
"""They run what follows them."""
