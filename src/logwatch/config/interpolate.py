"""`${NAME}` and `${NAME:-default}` in the configuration's text; `$$` is a dollar sign."""

import re
from collections.abc import Mapping

from logwatch.config.document import UnusableError

_DOLLAR = re.compile(r"\$(?:(\$)|\{(?:([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^{}]*))?\})?)")


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """`text` with variables filled in; the default serves for one that is unset or empty.

    A dollar sign before anything else stays. What is filled in is not looked at again.

    Raises:
        UnusableError: naming every variable that is not set, or when a brace is not closed.
    """
    unset: list[str] = []

    def filled(part: re.Match[str]) -> str:
        dollar, name, has_default, default = part.groups()
        if dollar is not None:
            return "$"
        if name is None:
            if part[0] == "$":
                return "$"
            raise UnusableError(
                "`${` does not begin the name of a variable",
                "write ${NAME}, ${NAME:-default}, or $$ for a dollar",
            )
        if has_default:
            return env.get(name) or str(default)
        if name not in env:
            unset.append(name)
        return env.get(name, "")

    result = _DOLLAR.sub(filled, text)
    if unset:
        names = ", ".join(dict.fromkeys(unset))
        raise UnusableError(
            f"{names} {'is' if len(set(unset)) == 1 else 'are'} not set in the environment",
            f"set {names}, or give a default as in ${{{unset[0]}:-default}}",
        )
    return result
