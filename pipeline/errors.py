"""Errors for the person who caused them, which end a program with one sentence, exit status 1 and no traceback."""

import atexit
import errno
import os
import re
import reprlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from pipeline import tether

LONGEST = 2000  # characters of a sentence; of a longer one the beginning and the end are shown
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_SAYS = ("No space left", "Disk quota exceeded", "os error 28")  # what libraries say without the error's number
SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")  # what NumPy says of a full disk
NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "Storage size calculation overflowed")


class UserError(Exception):
    """An error whose text says in one sentence what went wrong, where, and what is accepted."""

    def __init__(self, sentence: str):
        line = sentence.replace("\n", " ")
        half = LONGEST // 2
        super().__init__(line if len(line) <= LONGEST else f"{line[:half]} ... {line[-half:]}")


def run(main: Callable[[], None]) -> None:
    """Call `main` as a program, which a `UserError`, or what `sentence` knows, ends with a sentence and status 1.

    Where this interpreter was started for `main`'s file, it ends at once when `main` has returned, because freeing
    torch's objects one by one, as Python does at its end, would take one to two seconds.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _refuse_another_place()
        with tether.alone():
            main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted: finished results are kept; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        sys.exit(f"error: {said}")
    if _started_for(main):
        atexit._run_exitfuncs()  # what libraries want done at the end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _refuse_another_place() -> None:
    """Refuse to run a stage of a project by the code of the project that it was copied from."""
    mine, root = Path(__file__).parent, os.environ.get("DVC_ROOT")
    theirs = Path(root, "pipeline") if root else mine
    if theirs.is_dir() and not theirs.samefile(mine):
        raise UserError(
            f"the stages of {root} would run by the code in {mine.parent}, because its .venv was copied from there; "
            f"`uv sync --reinstall` in {root} mends it."
        )


def sentence(error: BaseException) -> str | None:
    """Return what a user is told of an error that NumPy, PyTorch, pydantic, safetensors or the file system raise for a
    reason outside of this code; None for any other error, which is a mistake in this code."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError):
        return str(error)
    if getattr(error, "errno", None) in FULL or SHORT_WRITE.search(text) or any(said in text for said in FULL_SAYS):
        where = getattr(error, "filename", None) or "the outputs"
        return f"no space left on the disk that holds {where}; nothing was changed."
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(said in text for said in NO_MEMORY)):
        return f"this machine's memory is too small for what was asked ({text[:120]}); smaller batches take less."
    if isinstance(error, ValidationError):
        return f"{unsound(error)}."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be read or written ({error.strerror})."
    return None


def unsound(error: ValidationError) -> str:
    """Return in words what the first of pydantic's errors says: the place, what is there, and what is accepted."""
    found = error.errors(include_url=False)[0]
    place = ".".join(map(str, found["loc"])) or "the whole"
    if found["type"] == "missing":
        return f"{place} is missing"
    return f"{place} is {short(found['input'])}, but {found['msg'][:300]}"


def short(value: object) -> str:
    """Return a value as code has it, in so few characters that it fits into a sentence."""
    return SHORT.repr(value)


SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxlist, SHORT.maxdict, SHORT.maxstring, SHORT.maxother = 3, 6, 6, 80, 80


def _started_for(main: Callable[[], None]) -> bool:
    """Say whether this interpreter was started with the file that defines `main` as its program."""
    program = sys.orig_argv[1:2]
    return bool(program) and Path(program[0]).resolve() == Path(main.__code__.co_filename).resolve()
