"""DVC's own graph of stages, the one place that touches DVC's internal API."""

import os

import networkx

from pipeline.errors import UserError

os.environ.setdefault("DVC_NO_ANALYTICS", "1")


class Graph:
    """The stages of the project in the current folder.

    dependencies: stage -> the stages it needs, in an order they can run in; stale: those that `dvc repro` would look at
    again, because they changed or hang on one that did, in the same order.
    """

    def __init__(self) -> None:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with Repo() as repo:
                graph = repo.index.graph
                names = {stage: stage.addressing for stage in graph}
                self.dependencies = {
                    names[stage]: {names[needed] for needed in graph.successors(stage)}
                    for stage in reversed(list(networkx.topological_sort(graph)))
                }
                changed = set(repo.status())
        except DvcException as error:
            raise UserError(f"DVC cannot read the graph: {' '.join(str(error).split())}.") from None
        self.stale = [
            name for name in self.dependencies if name in changed or self._behind(name) & changed
        ]  # in running order

    def _behind(self, name: str) -> set[str]:
        """Every stage that this one needs, directly or not."""
        needed = self.dependencies[name]
        return needed.union(*(self._behind(other) for other in needed))
