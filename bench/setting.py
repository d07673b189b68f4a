"""What a part may use."""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """`folder` is empty and the part's own; `cache` is logwatch's, warm; `wanted` is the command line."""

    folder: Path
    cache: Path
    wanted: Namespace
