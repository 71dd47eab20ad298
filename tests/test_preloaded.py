"""Processes that wait, loaded, for the word to begin, and the supervisor that takes them in."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.waiting import eventually

PARENT = """
import sys
import django
django.setup()
from venice_site.preloaded import Preloaded
from venice_site.supervisor import Adopted, Program
preloaded = Preloaded([Program("errand", (sys.executable, *sys.argv[1:]))])
print(preloaded.pids["errand"], flush=True)
if sys.stdin.readline() == "go\\n":
    preloaded.begin()
    adopted = Adopted(preloaded.pids["errand"])
    adopted.wait()
    print(adopted.poll(), flush=True)
"""
ERRAND = """
import os, sys
print(os.getpid(), os.getsid(0), sys.argv[1:], __name__, flush=True)
sys.exit(7)
"""


def begun(errand: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(errand), "--now"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "venice_site.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_it_does_its_work_under_its_own_name_once_it_is_told(tmp_path: Path) -> None:
    errand = tmp_path / "errand.py"
    errand.write_text(ERRAND)
    with begun(errand) as parent:
        assert parent.stdout
        pid = parent.stdout.readline().strip()
        output, _ = parent.communicate("go\n", timeout=30)
    assert output.splitlines() == [f"{pid} {pid} ['--now'] __main__", "7"]


def test_it_ends_when_nobody_can_tell_it_any_more(tmp_path: Path) -> None:
    errand = tmp_path / "errand.py"
    errand.write_text(ERRAND)
    with begun(errand) as parent:
        assert parent.stdout
        waiting = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        eventually(lambda: not waiting.is_running() or waiting.status() == psutil.STATUS_ZOMBIE, 20)
        assert parent.stdout.read() == ""
