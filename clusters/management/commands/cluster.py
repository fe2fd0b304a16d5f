"""`manage.py cluster ...`: whole clusters from the command line, with the server up or down."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from clusters.kernel.clock import SECOND, rfc3339, wall_now
from clusters.models import Cluster
from clusters.runtime import service
from clusters.runtime.faults import FAULT_KINDS
from clusters.runtime.notify import notifier
from clusters.storage.store import StoreError

MAX_IMPORT_BYTES = 256 * 1024 * 1024


def duration(text: str) -> int:
    """`60s`, `5m`, `1h30m` as microseconds."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text)
    if not text or parts is None or not any(parts.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 60s, 5m or 1h30m")
    hours, minutes, seconds = parts.groups()
    return int((int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)) * SECOND)


class Command(BaseCommand):
    help = "Make, list, delete, export, import, run and break clusters."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, text: str) -> argparse.ArgumentParser:
            sub: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
            return sub

        create = verb("create", "Make a cluster.")
        create.add_argument("name")
        create.add_argument("--workers", type=int, default=3)
        create.add_argument("--control-planes", type=int, default=1, help="0: a managed control plane, without Nodes")
        create.add_argument("--cpu", default="4", help="of each node")
        create.add_argument("--memory", default="16Gi", help="of each node")
        create.add_argument("--pods", type=int, default=110, help="slots of each node")
        create.add_argument("--zones", default="a,b,c")
        create.add_argument("--speed", default="1", help="1, 10, 0.5, max; 0 is paused")
        create.add_argument("--seed", type=int, default=None)
        create.add_argument("--addons", default="default", choices=["default", "none"])
        create.add_argument("--if-missing", action="store_true", help="do nothing if it is there")

        listing = verb("list", "List the clusters.")
        listing.add_argument("-o", "--output", choices=["json"], default=None)

        verb("delete", "Delete a cluster and its history.").add_argument("name")

        kubeconfig = verb("kubeconfig", "Print a kubeconfig.")
        kubeconfig.add_argument("name")
        kubeconfig.add_argument("--user", default="admin")
        kubeconfig.add_argument("--group", action="append", help="with --certificate; may be given several times")
        kubeconfig.add_argument("--certificate", action="store_true", help="a client certificate instead of a token")

        export = verb("export", "Print a snapshot.")
        export.add_argument("name")
        export.add_argument("--history", action="store_true", help="with all revisions")
        export.add_argument("--revision", type=int, default=None)

        load = verb("import", "Make a cluster from a snapshot.")
        load.add_argument("file", help="a snapshot or a `kubectl get -A -o json` List; - for standard input")
        load.add_argument("--name", required=True)

        run = verb("run", "Drive the loops in this process.")
        run.add_argument("name")
        run.add_argument("--until-idle", action="store_true", required=True)

        clock = verb("clock", "Show or move the clock.")
        clock.add_argument("name")
        moves = clock.add_mutually_exclusive_group()
        moves.add_argument("--speed")
        moves.add_argument("--pause", action="store_true")
        moves.add_argument("--step", action="store_true", help="run to the next event")

        fault = verb("fault", "Break something.")
        fault.add_argument("name")
        fault.add_argument("kind", choices=FAULT_KINDS)
        fault.add_argument("target")
        fault.add_argument("--for", dest="duration", type=duration, default=None, help="60s, 5m, ...")

        heal = verb("heal", "Heal one fault, or all.")
        heal.add_argument("name")
        heal.add_argument("fault", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        notifier.wakes = False
        # With the server down there is no Redis, and nothing that a command does needs it.
        logging.getLogger("clusters.runtime.notify").setLevel(logging.ERROR)
        verb: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['verb'].replace('-', '_')}")
        try:
            self._make_tables()
            verb(options)
        except (service.BadInput, StoreError) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"the database {connection.settings_dict['NAME']}: {str(error).strip()}") from None
        except BrokenPipeError:
            sys.stderr.close()

    def _make_tables(self) -> None:
        """The first command on a new data directory needs no server before it."""
        if Cluster._meta.db_table not in connection.introspection.table_names():
            call_command("migrate", verbosity=0, interactive=False)

    def _cluster(self, options: dict[str, Any]) -> Cluster:
        cluster = Cluster.objects.filter(name=options["name"]).first()
        if cluster is None:
            raise CommandError(f'no cluster is named "{options["name"]}" (see: manage.py cluster list)')
        return cluster

    def _create(self, options: dict[str, Any]) -> None:
        name = options["name"]
        if options["if_missing"] and Cluster.objects.filter(name=name).exists():
            return
        fields = ("workers", "control_planes", "cpu", "memory", "pods", "zones", "speed", "addons")
        cluster = service.create_cluster(name, seed=options["seed"], **{f: options[f] for f in fields})
        self.stdout.write(f"cluster {cluster.name} created (seed {cluster.seed})")

    def _list(self, options: dict[str, Any]) -> None:
        rows = [self._describe(c) for c in Cluster.objects.all()]
        if options["output"] == "json":
            self.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
            return
        self.stdout.write(f"{'NAME':<24} {'WORKERS':>7} {'SPEED':>6} {'REVISION':>9}  CREATED")
        for row in rows:
            self.stdout.write(
                f"{row['name']:<24} {row['workers']:>7} {row['speed']:>6} {row['revision']:>9}  {row['created']}"
            )

    def _describe(self, cluster: Cluster) -> dict[str, Any]:
        return {
            "name": cluster.name,
            "workers": cluster.settings.get("workers", 0),
            "controlPlanes": cluster.settings.get("control_planes", 0),
            "speed": cluster.clock_speed,
            "seed": cluster.seed,
            "revision": cluster.head,
            "created": rfc3339(cluster.created),
        }

    def _delete(self, options: dict[str, Any]) -> None:
        service.delete_cluster(self._cluster(options))
        self.stdout.write(f"cluster {options['name']} deleted")

    def _kubeconfig(self, options: dict[str, Any]) -> None:
        from clusters.web.kubeconfig import certified, kubeconfig

        cluster, user, groups = self._cluster(options), options["user"], options["group"]
        if options["certificate"]:
            self.stdout.write(certified(cluster, user, groups))
        elif groups:
            raise service.BadInput("group", "goes with --certificate: what a token's user may do is for roles to say")
        else:
            self.stdout.write(kubeconfig(cluster, user))

    def _export(self, options: dict[str, Any]) -> None:
        doc = service.export_snapshot(self._cluster(options), revision=options["revision"], history=options["history"])
        self.stdout.write(orjson.dumps(doc, option=orjson.OPT_INDENT_2).decode())

    def _import(self, options: dict[str, Any]) -> None:
        path = options["file"]
        try:
            body = sys.stdin.buffer.read(MAX_IMPORT_BYTES + 1) if path == "-" else Path(path).read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        if len(body) > MAX_IMPORT_BYTES:
            raise CommandError(f"{path}: larger than {MAX_IMPORT_BYTES // 2**20} MiB, the limit of a snapshot")
        try:
            doc = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise CommandError(f"{path}: not JSON: {error}") from None
        cluster = service.import_snapshot(doc, options["name"])
        self.stdout.write(f"cluster {cluster.name} created at revision {Cluster.objects.get(pk=cluster.pk).head}")

    def _run(self, options: dict[str, Any]) -> None:
        started = wall_now()
        written = service.run_until_idle(self._cluster(options))
        self.stdout.write(f"idle after {written} revisions, {(wall_now() - started) / SECOND:.2f} s")

    def _clock(self, options: dict[str, Any]) -> None:
        cluster = self._cluster(options)
        if options["step"]:
            reached = service.step_clock(cluster)
            if reached is None:
                self.stdout.write("nothing is due")
        elif options["pause"]:
            service.set_clock(cluster, speed="0")
        elif options["speed"] is not None:
            service.set_clock(cluster, speed=options["speed"])
        now = service.clock(cluster)
        self.stdout.write(f"{rfc3339(now['now'])} at speed {'paused' if now['paused'] else now['speed']}")

    def _fault(self, options: dict[str, Any]) -> None:
        cluster = self._cluster(options)
        fault = service.inject_fault(cluster, options["kind"], options["target"], options["duration"])
        self.stdout.write(f"fault {fault} in force")

    def _heal(self, options: dict[str, Any]) -> None:
        healed = service.heal_fault(self._cluster(options), options["fault"])
        self.stdout.write("\n".join(f"fault {name} healed" for name in healed) or "no fault is in force")
