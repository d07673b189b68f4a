"""Inhibition rules for Alertmanager: the cause on one machine silences its echoes on the others.

A daemon folds what it sees itself; the daemons of other machines know nothing of it. Alertmanager hears all
of them, and `inhibit_rules` (prometheus.io/docs/alerting/latest/configuration/#inhibition-related-settings)
let it hold back an alert while another one fires.

Rules are made of the edges that reach over a job or a machine; what happens within one process or device is
seen by one daemon. Alertmanager knows no order in time: of edges that form a loop the last is left out, or
two alerts would silence each other. Two alerts that both lack a label count as equal in it: so the label that
joins them is asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logwatch.catalogue.causality import Edge, Scope
from logwatch.export.block_yaml import block_yaml

# As render/alertmanager.py calls its alerts.
ALERT_NAME = "LogwatchKnownError"
# The label of an alert in which cause and effect agree.
_JOINED_BY = {Scope.JOB: "job", Scope.NODE: "node"}
_SPECIAL = re.compile(r"[.+*?()|\[\]{}^$\\]")


@dataclass(frozen=True, slots=True)
class Inhibition:
    """The edges that became rules, and the names of those that would have closed a loop."""

    edges: Sequence[Edge]
    left_out: Sequence[str]


def inhibition(edges: Iterable[Edge]) -> Inhibition:
    """Which of `edges` Alertmanager can go by."""
    reach = [edge for edge in edges if edge.scope in _JOINED_BY]
    kept: list[Edge] = []
    left_out: list[str] = []
    effects_of: dict[str, set[str]] = {}
    # Those in which the order in time decides come last: it is they that may close a loop.
    for edge in sorted(reach, key=lambda edge: edge.late_s == 0):
        if _reaches(effects_of, edge.effects, edge.causes):
            left_out.append(edge.name)
            continue
        kept.append(edge)
        for cause in edge.causes:
            effects_of.setdefault(cause, set()).update(edge.effects)
    return Inhibition(kept, left_out)


def inhibit_rules(edges: Iterable[Edge]) -> str:
    """The section `inhibit_rules` of an Alertmanager's configuration."""
    found = inhibition(edges)
    head = [
        "# Into alertmanager.yml: the cause of a failure silences what follows from it on other machines.",
        *(f"# Left out, it would close a loop: {name}." for name in found.left_out),
    ]
    return "\n".join(head) + "\n" + block_yaml({"inhibit_rules": [*map(_rule, found.edges)]})


def _rule(edge: Edge) -> Mapping[str, Any]:
    label = _JOINED_BY[edge.scope]
    return {
        "source_matchers": [*_matchers(edge.causes, label)],
        "target_matchers": [*_matchers(edge.effects, label)],
        "equal": [label],
    }


def _matchers(error_ids: Iterable[str], label: str) -> Iterator[str]:
    names = "|".join(_SPECIAL.sub(r"\\\g<0>", error_id) for error_id in sorted(error_ids))
    yield f'alertname="{ALERT_NAME}"'
    yield f'error_id=~"{_quoted(names)}"'
    yield f'{label}!=""'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\")


def _reaches(effects_of: Mapping[str, set[str]], begin: Iterable[str], wanted: frozenset[str]) -> bool:
    """Whether an error of `wanted` follows from one of `begin`. One that is both is held back by neither."""
    start = set(begin)
    seen = set(start)
    waiting = list(start)
    while waiting:
        for effect in effects_of.get(waiting.pop(), ()):
            if effect in wanted:
                return True
            if effect not in seen:
                seen.add(effect)
                waiting.append(effect)
    return False
