.PHONY: run report test lint format check

run: ## regenerate every result
	uv run dvc repro

report: ## the report alone, from what is there
	uv run dvc repro --single-item report

check: ## are the parameters sound, and what would run?
	uv run anatomy check

test:
	uv run pytest

lint:
	uv run ruff check
	uv run ruff format --check
	uv run mypy
	uv run anatomy deps --check

format:
	uv run ruff check --fix
	uv run ruff format
