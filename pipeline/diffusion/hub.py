"""The fetching of a pretrained pipeline from the Hugging Face hub, pinned to a commit, without code or pickles."""

import re
from pathlib import Path

from pipeline.errors import UserError

SAFE = ["*.json", "*.safetensors", "*.txt", "*.model"]  # the files to fetch from a repository: no code, no pickle
HUB = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")


def fetch(where: str, folder: Path) -> None:
    """Bring the pipeline OWNER/NAME@REVISION from the Hugging Face hub into a folder. Only its configuration and its
    safetensors of that commit are fetched; a name without a commit, or a failed download, is a `UserError`."""
    match = HUB.fullmatch(where)
    if not match:
        raise UserError(
            f"{where} names no pinned model; it must be OWNER/NAME@REVISION, the revision a commit's 40 hexadecimal "
            "digits, as the hub's page of the model shows it under Files and versions."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(match["name"], revision=match["revision"], local_dir=folder, allow_patterns=SAFE)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise UserError(f"{where} could not be fetched ({' '.join(str(error).split())[:200]}).") from None
