"""The README's results are the report's."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def rows(*paths: Path) -> dict[str, set[str]]:
    """First cell -> the other cells of every table row that begins with it."""
    found: dict[str, set[str]] = {}
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    for line in text.replace("\u00a0", " ").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells:
            found.setdefault(cells[0], set()).update(cells[1:])
    return found


def test_every_result_of_the_readme_is_in_the_report() -> None:
    report, readme = rows(*(ROOT / "reports").glob("*.md")), rows(ROOT / "README.md")
    shared = {name: cells for name, cells in readme.items() if name in report and name != "variant"}
    assert len(shared) >= 3, "the README has a table of results"
    for name, cells in shared.items():
        assert cells <= report[name], name


def test_every_file_that_the_readme_shows_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = [part.split(")")[0] for part in text.split("](")[1:]]
    local = [link for link in linked if not link.startswith("http")]
    assert local
    assert all((ROOT / link).is_file() for link in local), local
