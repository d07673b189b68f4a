"""Labels from paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.path_template import TemplateError, compile_template, labels_for


@pytest.mark.parametrize(
    ("template", "path", "labels"),
    [
        ("/logs/{job}/rank{rank}.log", "/logs/llama/rank3.log", {"job": "llama", "rank": "3"}),
        ("/logs/{job}/rank{rank}.log", "/logs/llama/rank.log", None),
        ("/logs/{job}/rank{rank}.log", "/logs/a/b/rank3.log", None),
        ("/logs/{job}/rank{rank}.log", "/mnt/logs/llama/rank3.log", None),
        ("/logs/{job}.log", "/logs/x.log.gz", None),
        ("/logs/{job}.log", "/logs/.log", None),
        ("/logs/*/{job}.log", "/logs//a.log", {"job": "a"}),
        # `**`: any number of directories
        ("**/job-{job}/**", "/logs/eu/job-7/rank0/out.log", {"job": "7"}),
        ("**/job-{job}/**", "/job-7/out.log", {"job": "7"}),
        ("**/job-{job}/**", "job-7/out.log", {"job": "7"}),
        ("/logs/**/{job}.log", "/logs/a.log", {"job": "a"}),
        ("/logs/**/{job}.log", "/logs/x/y/a.log", {"job": "a"}),
        ("/logs/**/{job}/**/rank{rank}.log", "/logs/a/rank1.log", {"job": "a", "rank": "1"}),
        ("/**/**/{job}.log", "/x/a.log", {"job": "a"}),
        # `**` at the end is what lies below, not the thing itself: a file is not its own directory
        ("**/job-{job}/**", "/logs/job-7.log", None),
        ("/logs/{job}/**", "/logs/llama", None),
        ("/logs/{job}/**", "/logs/llama/a", {"job": "llama"}),
        # without a slash at the front a template fits at any depth
        ("{job}/rank{rank}.log", "/a/b/llama/rank3.log", {"job": "llama", "rank": "3"}),
        ("job-{job}.log", "job-7.log", {"job": "7"}),
        # the earlier part takes as much as it can
        ("/logs/{job}-{rank}.log", "/logs/llama-70b-3.log", {"job": "llama-70b", "rank": "3"}),
        ("/logs/{job}*.log", "/logs/llama-3.log", {"job": "llama-3"}),
        ("/logs/*-{rank}.log", "/logs/a-b-3.log", {"rank": "3"}),
        # overlapping ends do not fit into each other
        ("/aa{x}aa", "/aaa", None),
        ("/aa{x}aa", "/aaaa", None),
        ("/aa{x}aa", "/aaaaa", {"x": "a"}),
        # characters that mean something elsewhere are themselves
        ("/logs/{job}[1].(log)", "/logs/a[1].(log)", {"job": "a"}),
        ("/logs/{job}.log", "/logs/a.log\n", None),
    ],
)
def test_a_template_reads_labels_off_a_path(template: str, path: str, labels: dict[str, str] | None) -> None:
    assert compile_template(template).match(path) == labels


def test_the_outermost_directory_names_the_job_so_that_a_job_cannot_pass_for_another() -> None:
    assert compile_template("**/job-{job}/**").match("/logs/job-1/job-2/x.log") == {"job": "1"}


def test_the_first_template_that_fits_wins() -> None:
    templates = [compile_template(t) for t in ("/a/{job}.log", "/{top}/{job}.log", "/{other}/*")]
    assert labels_for(templates, "/a/x.log") == {"job": "x"}
    assert labels_for(templates, "/b/x.log") == {"top": "b", "job": "x"}
    assert labels_for(templates, "/c/d/x.log") == {}


def test_what_is_read_off_a_path_is_printable() -> None:
    assert compile_template("/{job}/x").match("/a\x1b[31m\n\udcffb/x") == {"job": "a\ufffd[31m\ufffd\ufffdb"}


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("/logs/{job}/", "ends with a slash"),
        ("/logs//{job}", "empty part"),
        ("/logs/a**/{job}", r"`\*\*` stands inside"),
        ("/logs/{job", "no partner"),
        ("/logs/job}", "no partner"),
        ("/logs/{}.log", "label's name"),
        ("/logs/{job id}.log", "label's name"),
        ("/logs/{9}.log", "label's name"),
        ("/logs/{a}{b}.log", "nothing stands between"),
        ("/logs/{job}/{job}.log", "twice"),
        ("/logs/*.log", "names no label"),
        ("**", "names no label"),
    ],
)
def test_a_malformed_template_says_what_to_write_instead(template: str, what: str) -> None:
    with pytest.raises(TemplateError, match=what) as caught:
        compile_template(template)
    assert caught.value.remedy


def _as_regex(template: str) -> "re.Pattern[str]":
    """The same meaning spelled as a regular expression: clear, and exponential on hostile paths."""
    parts = template.split("/")
    if parts[0]:
        parts.insert(0, "**")
    pieces: list[str] = []
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "**":
            pieces.append("(?:[^/]*/)*[^/]*" if last else "(?:[^/]*/)*?")
            continue
        named = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(part).replace(r"\*", "[^/]*"))
        pieces.append(f"{named}" + ("" if last else "/"))
    return re.compile("".join(pieces) + r"\Z")


_PART = st.sampled_from(
    ["a", "ab", "{x}", "{y}-", "-{z}", "a{w}b", "*", "a*", "*-", "**", "{u}a{v}", "{s}-*-{t}"]
)
_PATH = st.lists(st.text("ab-", max_size=6), min_size=1, max_size=7).map("/".join)


@given(st.lists(_PART, min_size=1, max_size=5, unique=True), st.booleans(), _PATH)
def test_matching_agrees_with_a_regular_expression(parts: list[str], absolute: bool, path: str) -> None:
    text = ("/" if absolute else "") + "/".join(parts)
    try:
        template = compile_template(text)
    except TemplateError:
        return
    expected = _as_regex(text).match(path)
    assert template.match(path) == (None if expected is None else expected.groupdict())


def test_a_hostile_file_name_takes_no_longer_than_another() -> None:
    """Backtracking would need 10^14 steps here; the test's time limit is the witness."""
    template = compile_template("/{a}-{b}-{c}-{d}-{e}-{f}-{g}x{h}.log")
    assert template.match("/" + "-" * 250 + ".log") is None
