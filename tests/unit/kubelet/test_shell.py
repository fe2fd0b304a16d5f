"""Commands worked out before they run."""

import pytest

from clusters.components.kubelet import behavior, catalogue
from clusters.components.kubelet.shell import DATE, HOSTNAME, STEP, Loop, compile_command, filled
from clusters.kernel.clock import SECOND


def sh(script: str):
    return compile_command(("sh", "-c", script))


@pytest.mark.parametrize(
    ("command", "seconds", "code"),
    [
        (("true",), 0, 0),
        (("false",), 0, 1),
        (("sleep", "30"), 30, 0),
        (("/bin/sleep", "1m"), 60, 0),
        (("sh", "-c", "exit 7"), 0, 7),
        (("sh", "-c", "sleep 2; exit 3"), 2, 3),
        (("bash", "-ec", "sleep 1 && false || sleep 4"), 5, 0),
        (("sh", "-c", "for i in 1 2 3; do sleep $i; done"), 6, 0),
        (("sh", "-c", "i=0; while [ $i -lt 3 ]; do i=$((i+1)); sleep 1; done"), 3, 0),
        (("sh", "-c", "if false; then sleep 9; else sleep 1; fi"), 1, 0),
        (("sh", "-c", "until true; do sleep 1; done; exit 4"), 0, 4),
        (("sh", "-c", "python /app/migrate.py; exit 5"), 0, 5),
        (("date",), 0, 0),
        (("sh",), 0, 0),
    ],
)
def test_command_ends_when_and_as_its_words_say(command, seconds, code):
    end = compile_command(command).end
    assert end is not None
    assert (round(end[0] / SECOND), end[1]) == (seconds, code)


@pytest.mark.parametrize(
    "command",
    [
        ("nginx",),
        ("python", "app.py"),
        ("sh", "-c", "exec java -jar app.jar"),
        ("tail", "-f", "/dev/null"),
        ("sleep", "infinity"),
    ],
)
def test_command_that_is_not_known_to_end_runs_on(command):
    assert compile_command(command).end is None


def test_lines_carry_the_time_they_are_printed_at():
    program = sh('echo "one two"; sleep 5; echo three $(date) $HOSTNAME')
    assert program.lines == ((0, "one two"), (5 * SECOND, f"three {DATE} {HOSTNAME}"))


def test_endless_loop_is_held_as_one_round():
    program = sh("echo start; while true; do echo tick; sleep 2; echo tock; sleep 3; done")
    assert program.lines == ((0, "start"),)
    assert program.loop == Loop(0, 5 * SECOND, ((0, "tick"), (2 * SECOND, "tock")))
    assert program.end is None


def test_endless_loop_that_counts_is_held_as_one_round():
    program = sh('i=7; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 2; done')
    assert program.loop is not None
    assert (program.loop.start, program.loop.period) == (0, 2 * SECOND)
    ((_, text),) = program.loop.lines
    assert filled(text, 0) == f"7: {DATE}"
    assert filled(text, 1000) == f"1007: {DATE}"


def test_loop_that_counts_to_a_decision_is_walked_through():
    program = sh("i=0; while true; do i=$((i+1)); if [ $i -gt 5 ]; then exit 4; fi; sleep 1; done")
    assert program.end == (5 * SECOND + STEP, 4)


@pytest.mark.parametrize(
    ("command", "lines", "seconds", "code"),
    [
        (("python3", "-c", "import time\nprint('a', 1 + 2)\ntime.sleep(4)"), ["a 3"], 5, 0),
        (("python", "-c", "import os, sys\nif int(os.environ['N']) % 2 == 1:\n  sys.exit(3)"), [], 1, 3),
        (("python", "-c", "for i in range(2):\n  print(f'n{i}')"), ["n0", "n1"], 1, 0),
        (
            ("python", "-c", "print(1 / 0)"),
            ["Traceback (most recent call last):", "ZeroDivisionError: division by zero"],
            1,
            1,
        ),
        (("python", "-c", "import pandas; pandas.read_csv('x')"), [], 1, 0),
        (("perl", "-Mbignum=bpi", "-wle", "print bpi(12)"), ["3.14159265358"], 1, 0),
        (("node", "-e", "console.log('hi')"), ["hi"], 1, 0),
    ],
)
def test_program_in_the_command_line_is_understood(command, lines, seconds, code):
    program = compile_command(command, (("N", "5"),))
    assert [text for _, text in program.lines] == lines
    assert program.end is not None
    assert (program.end[0] // SECOND, program.end[1]) == (seconds, code)


@pytest.mark.parametrize(
    "code", ["x = 'a' * 99999999", "x = 9\nfor i in range(99): x = x * x", "while True: x = 1", "(" * 500]
)
def test_hostile_programs_are_bounded(code):
    compile_command(("python", "-c", code))


def test_init_container_ends_also_if_nobody_knows_what_it_does():
    init = {"name": "init", "image": "example.com/tools", "command": ["sh", "-c", "echo go; restore --all; echo never"]}
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"initContainers": [init], "containers": [init]}}
    assert behavior.of(pod, init).ends is not None
    other = {**init, "name": "other"}
    assert behavior.of(pod, other).ends is None


def test_variables_come_from_the_environment_and_from_assignments():
    program = compile_command(("sh", "-c", "NAME=$GREETING-x; echo ${NAME} ${MISSING:-none}"), (("GREETING", "hi"),))
    assert [text for _, text in program.lines] == ["hi-x none"]


def test_files_come_and_go():
    program = sh("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600")
    assert not program.has_file("/tmp/other", 10 * SECOND)
    assert program.has_file("/tmp/healthy", 29 * SECOND)
    assert not program.has_file("/tmp/healthy", 30 * SECOND)


def test_output_that_is_redirected_is_not_printed():
    program = sh("echo secret > /tmp/out; echo shown")
    assert [text for _, text in program.lines] == ["shown"]
    assert program.has_file("/tmp/out", SECOND)


@pytest.mark.parametrize(
    "script",
    [
        "((((((((((" * 300,
        "a=x; while true; do a=$a$a; done",
        "seq 1 99999999999",
        "for i in $(seq 1 1000000); do for j in $(seq 1 1000000); do echo $i; done; done",
        "echo hi) ; ( ; foo $( ;;; while do done for",
        "if if if; while",
        '"unterminated',
        "echo $((9/0))",
        "x" * 70_000,
    ],
)
def test_hostile_scripts_are_bounded(script):
    program = sh(script)
    assert len(program.lines) < 10_000


def test_script_that_waits_for_a_host_goes_on_when_it_can_be_reached():
    script = ("sh", "-c", "until nc -z db 5432; do echo waiting; sleep 2; done; echo go; sleep 1")
    waiting = compile_command(script)
    assert waiting.end is None
    assert waiting.hosts == ("db:5432",)
    assert waiting.loop is not None
    reached = compile_command(script, (), (("db:5432", 9 * SECOND),))
    assert reached.end is not None
    assert 9 <= reached.end[0] / SECOND <= 13
    assert [text for _, text in reached.lines][-1] == "go"


def test_wait_of_hours_is_not_walked_through():
    script = ("sh", "-c", "until nslookup db; do sleep 1; done")
    reached = compile_command(script, (), (("?db", 86400 * SECOND),))
    assert reached.end is not None
    assert reached.end[0] // SECOND >= 86400
    assert len(reached.lines) < 5000


@pytest.mark.parametrize(
    ("command", "host"),
    [
        ("wget -qO- http://web:8080/healthz", "web:8080"),
        ("curl -sf --max-time 3 https://api.team.svc/x", "api.team.svc:443"),
        ("nc -z -w 2 cache 6379", "cache:6379"),
        ("nslookup db.default.svc.cluster.local", "?db.default.svc.cluster.local"),
        ("pg_isready -h db -p 5432", "db:5432"),
        ("redis-cli -h cache ping", "cache"),
    ],
)
def test_commands_name_the_host_they_ask(command, host):
    assert sh(command).hosts == (host,)
    assert sh(command).end[1] != 0
    assert compile_command(("sh", "-c", command), (), ((host, 0),)).end[1] == 0


@pytest.mark.parametrize(
    "command",
    ["mysqladmin ping", "redis-cli -h 127.0.0.1 ping", "pg_isready", "curl -f http://localhost:8080/healthz",
     "wget -qO- http://$HOSTNAME:9200", "nc -z $(hostname) 80"],
)  # fmt: skip
def test_own_pod_answers(command):
    program = sh(command)
    assert (program.hosts, program.end[1]) == ((), 0)


def test_status_code_can_be_taken_out_of_an_answer():
    script = "CODE=$(curl -s -o /dev/null -w '%{http_code}' http://web/); echo got $CODE; [ $CODE = 200 ] || exit 9"
    assert sh(script).end[1] == 9
    assert compile_command(("sh", "-c", script), (), (("web", 0),)).lines == ((10_000, "got 200"),)


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("seq 1 5 | grep -v 3 | head -n 2", ["1", "2"]),
        ("echo a b c | awk '{print $2}'", ["b"]),
        ("echo a:b | cut -d: -f2", ["b"]),
        ("echo hi | tr a-z A-Z", ["HI"]),
        ("X=$(echo `echo deep`); echo $X", ["deep"]),
        ("set -e; false; echo never", []),
        ("false || echo saved", ["saved"]),
        ('[ -n "$X" ] && echo yes || echo no', ["no"]),
        ("for i in 1 2 3; do [ $i -eq 2 ] && continue; echo $i; done", ["1", "3"]),
        ("if [ 1 -gt 2 ]; then echo a; elif true; then echo b; fi", ["b"]),
        ("! false && echo not", ["not"]),
        ("(echo in; exit 3) > /dev/null; echo out $?", ["out 3"]),
        ("f() { echo in $1; return 3; }; f x; echo $?", ["in x", "3"]),
        ("case abc in x|y) echo no ;; a*) echo yes ;; esac", ["yes"]),
        ("X=5; cat <<EOF\nhi $X\n  $((X + 1))\nEOF", ["hi 5", "  6"]),
        ("items=(a b c); echo ${items[1]} ${#items[@]}", ["b 3"]),
        ("[[ mysql-12 =~ -([0-9]+)$ ]] || exit 1; echo ${BASH_REMATCH[1]}", ["12"]),
        ("for ((i = 0; i < 2; i++)); do echo $i; done", ["0", "1"]),
        ("echo a b | while read x y; do echo $y; done; read z; echo $?", ["b", "1"]),
        ("printf '%s-%s\\n' a b; exec 3>&1; echo x 2>&-", ["a-b", "x"]),
        ("x=a.b; echo ${x%.b} ${x/./_} ${x^^}", ["a a_b A.B"]),
    ],
)
def test_shell_does_what_people_expect(script, lines):
    assert [text for _, text in sh(script).lines] == lines


@pytest.mark.parametrize(
    ("image", "args", "line"),
    [
        ("curlimages/curl:8", ["-s", "http://web"], ("curl", "-s", "http://web")),
        ("curlimages/curl", ["sh", "-c", "curl web"], ("sh", "-c", "curl web")),
        ("nginx", ["env"], ("env",)),
        ("redis:8", ["--appendonly", "yes"], ()),
        ("busybox", ["anything", "else"], ("anything", "else")),
        ("example.com/app", ["serve"], ()),
    ],
)
def test_arguments_go_to_the_entrypoint_or_replace_it(image, args, line):
    container = {"name": "c", "image": image, "args": args}
    assert behavior.command_line(container, catalogue.profile(image)) == line


def test_terminal_in_an_unknown_image_is_a_shell():
    container = {"name": "c", "image": "example.com/tool", "stdin": True, "tty": True}
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": [container]}}
    assert behavior.of(pod, container).program.shell
    assert not behavior.of(pod, {**container, "tty": False}).program.shell


def test_server_that_is_made_to_fail_does():
    agnhost = {"name": "c", "image": "registry.k8s.io/e2e-test-images/agnhost:2.40", "args": ["liveness"]}
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": [agnhost]}}
    assert behavior.of(pod, agnhost).live_until == 10 * SECOND
    assert behavior.of(pod, {**agnhost, "args": ["netexec"]}).live_until > 10**15
