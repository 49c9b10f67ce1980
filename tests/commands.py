"""Commands of the portal in processes of their own, forked from one that has imported the portal already.

Importing takes longer than most commands do. The process that forks does nothing else, so a fork is as good as a new
interpreter: it has no thread, application or connection before its command begins.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent.parent


def run(words: tuple[str, ...], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `python WORDS` does in the project's directory; the words are `-m MODULE …`, `-c CODE …` or `SCRIPT …`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = forking().run(words, environ, out, err)
        return subprocess.CompletedProcess([*words], code, text(out), text(err))


def text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class Forking:
    """The process that forks, as whoever asks it sees it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, words: tuple[str, ...], environ: Mapping[str, str], *files: IO[bytes]) -> int:
        assert self.process.stdin
        assert self.process.stdout
        paths = [f"/proc/{os.getpid()}/fd/{each.fileno()}" for each in files]
        asked = {"words": words, "environ": dict(environ), "files": paths}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate()


@cache
def forking() -> Forking:
    made = Forking()
    atexit.register(made.end)
    return made


def serve() -> None:
    """Answers each line that asks for a command with its exit code."""
    from portal import memory  # noqa: PLC0415 - and with it the portal, which all of this is for

    memory.keep_start()  # else the first collection of each fork would copy all of it
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            os._exit(ended(json.loads(line)))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def ended(asked: dict[str, Any]) -> int:
    """The exit code of an interpreter that was asked this, after what it does at its end; only its modules are not
    taken apart, which takes longer than most commands, too."""
    code: Any = 0
    try:
        begin(**asked)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code if isinstance(code, int) else int(code is not None)


def begin(words: list[str], environ: dict[str, str], files: list[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(files, start=1):
        os.dup2(os.open(path, os.O_WRONLY), number)
    os.environ.clear()
    os.environ.update(environ)
    started: Any = {"-m": module, "-c": code}.get(words[0], script)
    started(*words)


def module(_: str, name: str, *more: str) -> None:
    sys.argv = [name, *more]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def code(_: str, given: str, *more: str) -> None:
    sys.argv = ["-c", *more]
    exec(given, {"__name__": "__main__"})


def script(path: str, *more: str) -> None:
    sys.argv = [path, *more]
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    serve()
