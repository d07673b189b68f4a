"""Which files a source finds, whether they can be read and what their paths say."""

import errno
import os
from collections.abc import Iterator, Sequence

from logwatch.cli.checks.finding import Finding, Mark, counted
from logwatch.path_template import compile_template, labels_for
from logwatch.tail.discover import Tree, discover

_GIVE_ACCESS = (
    "give the daemon's user the right to read there"
    " (with systemd: SupplementaryGroups=, or the drop-in other-users-logs.conf)"
)


def check_source(
    name: str, paths: Sequence[str], exclude: Sequence[str], path_labels: Sequence[str]
) -> Iterator[Finding]:
    """The files that match, and every obstacle; an obstacle hides nothing else."""
    subject = f"source {name}"
    found = discover(paths, exclude)
    unreadable = [(path, reason) for path in found.paths if (reason := _why_not_readable(path))]
    if len(found.paths) > len(unreadable):
        readable = len(found.paths) - len(unreadable)
        share = "all readable" if not unreadable else f"{readable:,} of them readable"
        yield Finding(Mark.OK, subject, f"{_matched(paths, found.paths)}, {share}")
    if not found.paths:
        yield _nothing(subject, paths)
    for directory, reason in found.unreadable.items():
        yield Finding(
            Mark.TROUBLE, subject, f"{directory}: {reason}: what lies below is not seen", _GIVE_ACCESS
        )
    if unreadable:
        path, reason = unreadable[0]
        count = counted(len(unreadable), "file")
        yield Finding(
            Mark.TROUBLE, subject, f"{count} cannot be read, the first is {path}: {reason}", _GIVE_ACCESS
        )
    yield from _unlabelled(subject, found.paths, path_labels)


def _matched(patterns: Sequence[str], paths: Sequence[str]) -> str:
    """`/logs/*.log → 8 files`, for each pattern."""
    trees = [(pattern, Tree([pattern])) for pattern in patterns]
    return "; ".join(f"{pattern} → {counted(sum(map(tree.fits, paths)), 'file')}" for pattern, tree in trees)


def _nothing(subject: str, patterns: Sequence[str]) -> Finding:
    missing = [root for root in Tree(patterns).roots if not os.path.isdir(root)]  # noqa: PTH112
    why = f" ({', '.join(missing)} is not there)" if missing else ""
    return Finding(
        Mark.WARNING,
        subject,
        f"nothing matches {', '.join(patterns)} yet{why}",
        "leave it if the files will come; else correct `paths` and `exclude`",
    )


def _why_not_readable(path: str) -> str:
    """Opening is the proof: modes do not know of access lists, capabilities and remote servers."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError as error:
        gone = error.errno == errno.ENOENT
        return "" if gone else error.strerror or str(error)
    return ""


def _unlabelled(subject: str, paths: Sequence[str], path_labels: Sequence[str]) -> Iterator[Finding]:
    templates = [compile_template(text) for text in path_labels]
    without = [path for path in paths if not labels_for(templates, path)] if templates else []
    if without:
        yield Finding(
            Mark.WARNING,
            subject,
            f"{len(without):,} of {counted(len(paths), 'file')} fit none of `path_labels`, "
            f"the first is {without[0]}",
            "add a template for them, or they stand without labels",
        )
