"""Secrets that stand in files of their own: `webhook_url_file: slack-url`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from logwatch.config.document import Document, Place
from logwatch.config.model import RECEIVERS

ReadText = Callable[[Path], str]


def fill_in(document: Document, folder: Path, read: ReadText) -> None:
    """Puts the contents of `<key>_file` under `<key>` for every receiver; `folder` holds relative names."""
    receivers = document.value.get("notify")
    for i, receiver in enumerate(receivers if isinstance(receivers, list) else ()):
        kind = RECEIVERS.get(str(receiver.get("type"))) if isinstance(receiver, dict) else None
        for key, needed in (kind.credentials if kind else {}).items():
            _fill_in_one(document, ("notify", i), key, needed, lambda name: read(folder / name))


def credentials_folder(env: Mapping[str, str], beside: Path) -> Path:
    """Where relative names of secrets are: systemd's folder for this unit, else `beside`."""
    given = env.get("CREDENTIALS_DIRECTORY")
    return Path(given) if given else beside


def _fill_in_one(
    document: Document, place: Place, key: str, needed: bool, read: Callable[[str], str]
) -> None:
    receiver: dict[str, Any] = document.value["notify"][place[1]]
    file_key = f"{key}_file"
    names = receiver.get(file_key)
    if receiver.get(key) is not None and names is not None:
        document.complain((*place, file_key), f"`{key}` and `{file_key}` are both given", "keep one of them")
    elif names is not None:
        # Where the secret came from is where its mistakes are.
        document.spots[*place, key] = document.spot((*place, file_key))
        contents = [
            _content(document, (*place, file_key), name, read)
            for name in (names if isinstance(names, list) else [names])
            if isinstance(name, str)
        ]
        if contents and None not in contents:
            receiver[key] = contents if isinstance(names, list) else contents[0]
    elif needed and receiver.get(key) is None:
        document.complain(
            place, f"the receiver has no `{key}`", f"add `{file_key}: NAME_OF_A_FILE` (or `{key}: …`)"
        )


def _content(document: Document, place: Place, name: str, read: Callable[[str], str]) -> str | None:
    """The one line that the file holds, without the blanks around it."""
    try:
        text = read(name).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        where = getattr(error, "filename", None) or name
        document.complain(
            place, f"{where} cannot be read: {reason}", "make it a file that this user can read"
        )
        return None
    if not text:
        document.complain(place, f"{name} is empty", "write the secret into it")
        return None
    if len(text.splitlines()) > 1:
        document.complain(place, f"{name} holds more than one line", "write one secret into one file")
        return None
    return text
