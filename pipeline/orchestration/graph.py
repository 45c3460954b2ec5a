"""DVC's own graph of stages; this is the only file that uses DVC's internal API."""

import os
import time

import networkx

from pipeline.errors import UserError

os.environ.setdefault("DVC_NO_ANALYTICS", "1")

PATIENCE = 15.0  # seconds to wait for a command that is just ending


class Graph:
    """The stages of the project in the current folder.

    dependencies: stage -> the stages that it needs, in an order in which they can run; stale: the stages that `dvc
    repro` would look at again, because they changed or need one that did, in the same order.
    """

    def __init__(self) -> None:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        begun = time.monotonic()
        while True:
            try:
                changed = self._read()
                break
            except LockError:  # of a command that is perhaps just ending
                if time.monotonic() - begun > PATIENCE:
                    raise UserError(
                        "another DVC command is at work in this folder; try again when it has ended."
                    ) from None
                time.sleep(0.5)
            except DvcException as error:
                reason = " ".join(str(error).split()).rstrip(".")
                raise UserError(f"DVC cannot read the graph: {reason}; `uv run dvc status` shows where.") from None
        self.stale: list[str] = []
        for name, needed in self.dependencies.items():
            if name in changed or needed & set(self.stale):
                self.stale.append(name)

    def _read(self) -> set[str]:
        """Read the stages and what they need, and return the names of those that changed."""
        from dvc.repo import Repo

        with Repo() as repo:
            graph = repo.index.graph
            names = {stage: stage.addressing for stage in graph}
            self.dependencies = {
                names[stage]: {names[needed] for needed in graph.successors(stage)}
                for stage in reversed(list(networkx.topological_sort(graph)))
            }
            return set(repo.status())
