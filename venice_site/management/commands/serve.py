"""The one command that runs the product: `manage.py serve`."""

from __future__ import annotations

import errno
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from venice_site import supervisor
from venice_site.checks import LOOPBACK, check_settings, refuse, warn
from venice_site.preloaded import Preloaded

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104


class Command(BaseCommand):
    """Prepares the database and becomes the supervisor of the web server and the worker."""

    help = "Start Venice Studio: the web server, the worker and, without a key, the stand-in for Venice."
    requires_system_checks = []  # they are asked for here, to answer in a sentence

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let compose run the processes as services of their own."""
        parser.add_argument("--only", choices=("web", "worker"), help="run this process alone")
        parser.add_argument("--no-prepare", action="store_true", help="leave the database as it is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the settings and the port, prepare, and hand over to the supervisor."""
        complaints = check_settings()
        warn(complaints, self.stderr)
        refuse(complaints)
        programs = {"web": ["web server"], "worker": ["worker"]}.get(
            options["only"], ["web server", "worker"]
        )
        if "web server" in programs:
            refuse_taken_port(settings.HOST, settings.PORT)
        has_stand_in = options["only"] is None and stand_in_is_ours()
        if has_stand_in:
            programs.append("stand-in for Venice")
        arguments = arguments_for(programs)
        preloaded = Preloaded(
            program
            for program in supervisor.chosen(supervisor.parser().parse_args(arguments))
            if program.name != "stand-in for Venice"  # which needs nothing of this
        )
        if not options["no_prepare"]:
            call_command("prepare", stdout=self.stdout)
        if has_stand_in:
            self.stdout.write(
                "No Venice key was given: a stand-in on this machine answers in its place."
            )
        become_supervisor(arguments, preloaded)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError with one clear sentence when nobody could listen there."""
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} is already taken: another program, perhaps another Venice Studio, "
                f"listens on it. Stop that one, or choose another port: PORT={port + 1}"
            ) from error
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def stand_in_is_ours() -> bool:
    """Return whether the product runs its own stand-in: no key was given and it would be local."""
    return not settings.VENICE_API_KEYS and _stand_in_host() in LOOPBACK


def arguments_for(programs: list[str]) -> list[str]:
    """Return the command line of the supervisor of some programs."""
    arguments = [
        *(argument for program in programs for argument in ("--run", program)),
        *("--host", settings.HOST, "--port", str(settings.PORT)),
        *("--threads", str(settings.WEB_THREADS), "--grace", str(settings.STOP_GRACE)),
    ]
    if "web server" in programs:
        arguments += ["--address", address()]
    if "stand-in for Venice" in programs:
        arguments += ["--stand-in-port", str(settle_stand_in_port())]
    return arguments


def become_supervisor(arguments: list[str], preloaded: Preloaded) -> NoReturn:
    """Replace this process, with everything it has loaded, by the small supervisor of what was preloaded."""
    adopted = [
        word for name, pid in preloaded.pids.items() for word in ("--adopt", f"{name}={pid}")
    ]
    preloaded.begin()
    connections.close_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(settings.BASE_DIR)
    command = [sys.executable, "-m", "venice_site.supervisor", *arguments, *adopted]
    os.execv(sys.executable, command)  # noqa: S606


def address() -> str:
    """Return where a person finds the product."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}/"
    host = "127.0.0.1" if settings.HOST in EVERYWHERE else settings.HOST
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/"


def settle_stand_in_port() -> int:
    """Return the stand-in's port: the usual one, or a free one that every process is told of."""
    port = urlsplit(settings.VENICE_STAND_IN_URL).port or 80
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        path = urlsplit(settings.VENICE_STAND_IN_URL).path
        settings.VENICE_STAND_IN_URL = f"http://127.0.0.1:{port}{path}"
        os.environ["VENICE_STAND_IN_URL"] = settings.VENICE_STAND_IN_URL
    return port


def _stand_in_host() -> str:
    return urlsplit(settings.VENICE_STAND_IN_URL).hostname or ""


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
