"""Processes of `face-api` that need not import its libraries, as they are forked from one that has.

A process imports for more than a second of processor time, and a test run has hundreds. Run as a file, this module is
the process that the others are forked from: each gets its own arguments, environment, folder and files, and runs and
ends as the console script does. First starts, and all that documents tell to run, are started by the script itself.
"""

import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from struct import Struct

SCRIPT = Path(sys.executable).with_name("face-api")
IMPORTED_ANEW = ("entrypoints", "adapters.prometheus", "prometheus_client")
"""By each process, as its environment decides what they do when they are imported."""

MAIN = "entrypoints.cli:main"
SOCKET = "SERVER_OF_FORKS"
"""Tells programs which of their descriptors leads to the server that others are forked from."""

_NUMBER = Struct("i")
_LARGEST = 1 << 20


class ForkedProcess:
    """A process of the command, with what tests use of `subprocess.Popen`."""

    def __init__(
        self,
        server: socket.socket,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        files: tuple[int, int],
        main: str = MAIN,
    ) -> None:
        """Start it.

        Args:
            server: whom to ask for it.
            arguments: of the command line, behind the name of the command.
            environment: all of it.
            folder: the working directory.
            files: descriptors of standard output and standard error.
            main: what is called, as MODULE:FUNCTION.
        """
        self.args = [str(SCRIPT), *arguments]
        self.returncode: int | None = None
        self._told, telling = os.pipe()
        self._lock = threading.Lock()
        try:
            request = json.dumps([main, self.args, dict(environment), str(folder)]).encode()
            socket.send_fds(server, [request], [telling, *files])
        finally:
            os.close(telling)
        self.pid = self._next()

    def _next(self) -> int:
        number: int
        (number,) = _NUMBER.unpack(os.read(self._told, _NUMBER.size))
        return number

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, or minus the number of the signal.

        Raises:
            TimeoutExpired: it is still running after `timeout` seconds.
        """
        with self._lock:
            if self.returncode is None:
                poll = select.poll()
                poll.register(self._told)
                if not poll.poll(None if timeout is None else 1000 * timeout):
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self.returncode = self._next()
                os.close(self._told)
            return self.returncode

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing, if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that others are forked from, which ends with this one."""

    used = False
    """Tests set it. Whoever measures starts, or memory, wants processes of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        files: tuple[int, int],
    ) -> ForkedProcess:
        """See ForkedProcess."""
        with self._lock:
            server = self._socket
        return ForkedProcess(server, arguments, environment, folder, files)

    @cached_property
    def _socket(self) -> socket.socket:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return ours

    def shared(self) -> int:
        """The descriptor that programs may inherit, so that they call `forked`."""
        with self._lock:
            return self._socket.fileno()


SERVER = ForkServer()


def forked(arguments: Sequence[str], main: str = MAIN) -> int:
    """In a program: run something else, in a process of the server whose descriptor it has inherited.

    Returns:
        the exit status.
    """
    if SOCKET not in os.environ:
        sys.argv[:] = [str(SCRIPT), *arguments]
        return _call(main)
    with socket.socket(fileno=int(os.environ[SOCKET])) as server:
        return ForkedProcess(server, arguments, os.environ, Path.cwd(), (1, 2), main).wait()


def _call(main: str) -> int:
    module, _, function = main.partition(":")
    return getattr(import_module(module), function)() or 0


def _import_libraries() -> dict[str, str]:
    """Import what the command's processes do; what that has added to the environment."""
    before = set(os.environ)
    package = import_module("entrypoints.cli")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"entrypoints.cli.{module.name}")
    for name in list(sys.modules):
        if name.startswith(IMPORTED_ANEW):
            del sys.modules[name]
    gc.collect()
    gc.freeze()  # what all processes have in common stays in common
    return {key: value for key, value in os.environ.items() if key not in before}


def _serve(requests: socket.socket, added: Mapping[str, str]) -> str | None:
    """Fork until nobody can ask any more; in a forked process, what it is to call."""
    running: dict[int, int] = {}
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    poll = select.poll()
    for file in (ended, requests.fileno()):
        poll.register(file, select.POLLIN)
    while True:
        ready = [file for file, _ in poll.poll()]
        if ended in ready:
            os.read(ended, _LARGEST)
            _tell_of_ended(running)
        if requests.fileno() not in ready:
            continue
        request, files, *_ = socket.recv_fds(requests, _LARGEST, 3)
        if not request:
            return None
        telling, *standard = files
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            requests.close()
            for file in (ended, wake, telling, *running.values()):
                os.close(file)
            main: str
            main, arguments, environment, folder = json.loads(request)
            _become(arguments, environment, folder, standard, added)
            return main
        for file in standard:
            os.close(file)
        running[pid] = telling
        os.write(telling, _NUMBER.pack(pid))


def _tell_of_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with os.fdopen(running.pop(pid), "wb", buffering=0) as telling, suppress(BrokenPipeError):
            telling.write(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _become(
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    files: list[int],
    added: Mapping[str, str],
) -> None:
    for number, file in enumerate(files, start=1):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({**added, **environment})
    sys.argv[:] = arguments
    sys.orig_argv[:] = [sys.executable, *arguments]


if __name__ == "__main__":
    sys.path[0] = str(SCRIPT.parent)  # as the script has it
    if called := _serve(socket.socket(fileno=int(sys.argv[1])), _import_libraries()):
        sys.exit(_call(called))
