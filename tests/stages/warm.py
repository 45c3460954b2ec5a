"""A `python` that has imported already what the stages and DVC import, and runs each program in a fork of itself.

A stage imports for seconds before it works, and DVC before it looks; the tests of the whole pipeline start dozens of
both. They run here as they do in a fresh interpreter: under the name `__main__`, in a process of their own, with the
caller's folder, environment, standard streams and exit status.

    warm.py SOCKET            serves
    warm.py SOCKET ARGUMENTS  runs what `python ARGUMENTS` would, and is what the file `python` of a test calls
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

IMPORTS = (  # beside these, what `pipeline.diffusion.lean` takes of diffusers
    "multiprocessing.spawn",  # whose children need the real interpreter, as it is called now
    *("torch", "torch._dynamo", "torch.utils.flop_counter", "numpy", "pandas", "safetensors.torch", "pydantic", "yaml"),
    *("sklearn.svm", "sklearn.datasets", "sklearn.linear_model", "sklearn.metrics", "sklearn.preprocessing"),
    *("scipy.stats", "scipy.special", "skimage.filters", "skimage.metrics", "skimage.morphology", "skimage.data"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "jinja2", "tqdm", "prdc", "PIL.Image"),
    *("mlflow", "mlflow.store.tracking.sqlalchemy_store"),
    *("dvc.cli.parser", "dvc.repo.reproduce", "dvc.repo.status", "dvc.stage.run", "dvc.cachemgr", "dvc_data.hashfile"),
)


@contextlib.contextmanager
def warm(project: Path) -> Iterator[Path]:
    """Serve the scripts of a project within the block; gives the folder whose `python` runs them."""
    with tempfile.TemporaryDirectory() as place:  # its name is short, for the address of a socket must be
        folder = Path(place)
        address, shim = folder / "socket", folder / "python"
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {__file__} {address} "$@"\n')
        shim.chmod(0o755)
        environment = {**os.environ, "PYTHONPATH": str(project), "MLFLOW_DISABLE_TELEMETRY": "true"}
        server = subprocess.Popen([sys.executable, __file__, str(address)], cwd=project, env=environment)
        try:
            while not address.exists():
                assert server.poll() is None, "the server has ended"
                time.sleep(0.05)
            yield folder
        finally:
            server.terminate()
            server.wait()


def serve(address: str) -> None:
    """Import, then run each request in a fork of its own."""
    import importlib

    for name in (*IMPORTS, "pipeline.diffusion.lean"):
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pipeline"]:
        del sys.modules[name]  # a script imports the project's own code as it is then
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen()
    Path(f"{address}.new").rename(address)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    while True:
        asked, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(asked, address)
            os._exit(0)
        asked.close()


def _answer(asked: socket.socket, address: str) -> None:
    """Run one request in a child, and send its process and, when it has ended, its exit status."""
    message, streams, *_ = socket.recv_fds(asked, 2**20, 3)
    sys.executable = str(Path(address).with_name("python"))  # what a program starts is as quick
    child = os.fork()
    if child == 0:
        asked.close()
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
        os._exit(_run(**json.loads(message)))
    asked.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _run(arguments: list[str], folder: str, environment: dict[str, str]) -> int:
    """Run a script, a module (`-m`) or a text (`-c`) as an interpreter does, and return its exit status."""
    import atexit
    import runpy
    import traceback

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    how, status = arguments[0], 0
    sys.argv = arguments[1:] if how == "-m" else arguments
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.path[0] = folder if how in ("-m", "-c") else str(Path(how).parent)
    try:
        if how == "-m":
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        elif how == "-c":
            sys.argv = [how, *arguments[2:]]
            exec(arguments[1], {"__name__": "__main__"})
        else:
            runpy.run_path(how, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def ask(address: str, arguments: list[str]) -> int:
    """Have a script run, pass on the signals that this process gets, and return the exit status."""
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(address)
    message = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    socket.send_fds(asking, [json.dumps(message).encode()], [0, 1, 2])
    answer = asking.makefile()
    child = int(answer.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(child, number))
    status = int(answer.readline() or 1)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(sys.argv[1])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
