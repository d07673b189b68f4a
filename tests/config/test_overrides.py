"""`LOGWATCH__SECTION__KEY=value` overrides the file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from logwatch.config import Config, parse
from logwatch.errors import ConfigError

FILE = Path("/etc/logwatch/logwatch.yaml")


def config(text: str, env: Mapping[str, str]) -> Config:
    return parse(text, FILE, env)


def mistake(text: str, env: Mapping[str, str]) -> tuple[str, str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE, env)
    [problem] = caught.value.problems
    return problem.where, problem.what, problem.remedy


def test_a_variable_wins_over_the_file_and_over_the_default() -> None:
    text = "state_dir: /a\nhttp: {listen: ':1'}\n"
    env = {
        "LOGWATCH__STATE_DIR": "/b",
        "LOGWATCH__HTTP__LISTEN": ":2",
        "LOGWATCH__LIMITS__MAX_OPEN_FILES": "7",
        "LOGWATCH__CATALOGUE__SHIPPED": "false",
        "LOGWATCH_HTTP__LISTEN": ":3",
    }
    read = config(text, env)
    assert (read.state_dir, read.http.listen) == (Path("/b"), ":2")
    assert (read.limits.max_open_files, read.catalogue.shipped) == (7, False)


def test_the_value_is_yaml() -> None:
    env = {
        "LOGWATCH__HTTP": "null",
        "LOGWATCH__CATALOGUE__PATHS": "[/a, /b]",
        "LOGWATCH__SOURCES": "[{name: a, paths: [/logs/*.log], labels: {run: 0123}}]",
    }
    read = config("http: {listen: ':1'}\ncatalogue: {paths: [/c]}\n", env)
    assert read.http.listen is None
    assert read.catalogue.paths == (Path("/a"), Path("/b"))
    assert read.sources[0].labels == {"run": "0123"}


def test_a_key_of_a_section_wins_over_the_section() -> None:
    env = {"LOGWATCH__LOG__LEVEL": "debug", "LOGWATCH__LOG": "{level: error, format: json}"}
    read = config("", env)
    assert (read.log.level, read.log.format) == ("debug", "json")


def test_a_section_that_is_switched_off_is_switched_on_by_its_key() -> None:
    assert config("http: null", {"LOGWATCH__HTTP__LISTEN": ":2"}).http.listen == ":2"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert config("host: a", {"LOGWATCH__HOST": "", "LOGWATCH__LOG": " "}).host == "a"


def test_dollars_in_a_variable_are_taken_as_they_are() -> None:
    assert config("", {"LOGWATCH__HOST": "${NOT}-$$"}).host == "${NOT}-$$"


def test_what_is_overridden_need_not_be_right() -> None:
    assert (
        config("host: ${UNSET}\nlanguage: de", {"LOGWATCH__HOST": "a", "LOGWATCH__LANGUAGE": "zh"}).host
        == "a"
    )


@pytest.mark.parametrize(
    ("name", "value", "what", "remedy"),
    [
        ("LOGWATCH__HTPP__LISTEN", ":1", "the configuration has no key `htpp`", "did you mean `http`?"),
        ("LOGWATCH__HTTP__LISTN", ":1", "`http` has no key `listn`", "did you mean `listen`?"),
        ("LOGWATCH__", "x", "the configuration has no key ``", "write one of state_dir"),
        ("LOGWATCH__LIMITS__SWEEP_S", "soon", "`limits.sweep_s` is 'soon'", "write a number"),
        ("LOGWATCH__LIMITS", "{sweep_s: soon}", "`limits.sweep_s` is 'soon'", "write a number"),
        ("LOGWATCH__HOST__NAME", "x", "`host` has no keys of its own", "give it whole, as LOGWATCH__HOST=…"),
        ("LOGWATCH__HOST", "[x", "is not YAML", "close what was opened"),
        ("LOGWATCH__SOURCES__0__NAME", "x", "`sources` has no keys of its own", "LOGWATCH__SOURCES=…"),
    ],
)
def test_a_mistake_is_told_by_the_name_of_the_variable(name: str, value: str, what: str, remedy: str) -> None:
    text = "host: a\nsources: [{name: a, paths: [/a]}]\n"
    where, told, how = mistake(text, {name: value})
    assert where == name
    assert what in told
    assert remedy in how
