"""Reading JSON that stands beside the entries."""

import json
from pathlib import Path

from logwatch.errors import Problem


def read_json(path: Path, problems: list[Problem]) -> tuple[str, object] | None:
    """The text of a file, and what it says; None, and one more problem, where that cannot be had."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"cannot be read: {error}", "make it a readable UTF-8 file"))
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        problems.append(Problem(where, f"is not JSON: {error.msg}", f"look at column {error.colno}"))
    return None
