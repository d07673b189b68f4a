"""A configuration file becomes a Config, or a list of everything that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from logwatch.catalogue.entry import LogKind, Severity
from logwatch.config import Alertmanager, Config, Slack, Terminal, Webhook, examine, load, parse
from logwatch.config.load import examine_text
from logwatch.errors import ConfigError, Problem

FILE = Path("/etc/logwatch/logwatch.yaml")


def mistakes(text: str, env: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Line (or variable), what is wrong and the remedy, for everything wrong with `text`."""
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE, env or {})
    return [(p.where.removeprefix(f"{FILE}:"), p.what, p.remedy) for p in caught.value.problems]


def only_mistake(text: str, env: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    [mistake] = mistakes(text, env)
    return mistake


def config(text: str, env: Mapping[str, str] | None = None) -> Config:
    return parse(text, FILE, env or {})


def test_an_empty_file_has_the_defaults() -> None:
    assert config("") == config("# nothing\n") == Config()


def test_a_whole_file_is_read() -> None:
    read = config(
        """
        state_dir: /data/logwatch
        host: node-17
        language: zh
        watch: sweep
        catalogue: {shipped: false, paths: [/etc/logwatch/catalogue.d]}
        sources:
          - name: train
            paths: ["/logs/**/*.log"]
            exclude: ["**/*.gz"]
            start_at: end
            path_labels: ["/logs/{job}/rank{rank}.log", "**/job-{job}/**"]
            labels: {cluster: eu1}
            kind: training
            format: cri
        events: {path: "-"}
        http: {listen: "[::1]:9478"}
        notify:
          - {type: slack, name: oncall, webhook_url: "https://hooks.slack.com/services/T/B/x",
             min_severity: error, domains: [nccl], min_confidence: 0.5, tiers: [source_verified],
             labels: {cluster: eu1}, language: en}
          - {type: webhook, name: pager, url: "https://pager.example.com/in",
             secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}
          - {type: alertmanager, name: am, urls: ["http://am-0:9093", "http://am-1:9093"]}
          - {type: terminal, name: console}
        limits: {max_record_bytes: 64KiB, max_open_files: 10, sweep_s: 1}
        log: {format: json, level: debug}
        """
    )
    assert (read.state_dir, read.host, read.language, read.watch) == (
        Path("/data/logwatch"), "node-17", "zh", "sweep",
    )  # fmt: skip
    assert (read.catalogue.shipped, read.catalogue.paths) == (False, (Path("/etc/logwatch/catalogue.d"),))
    [source] = read.sources
    assert (source.name, source.paths, source.exclude) == ("train", ("/logs/**/*.log",), ("**/*.gz",))
    assert source.path_labels == ("/logs/{job}/rank{rank}.log", "**/job-{job}/**")
    assert (source.start_at, source.labels, source.kind, source.format) == (
        "end", {"cluster": "eu1"}, LogKind.TRAINING, "cri",
    )  # fmt: skip
    assert read.events.to_stdout
    assert read.http.address == ("::1", 9478)
    slack, webhook, alertmanager, terminal = read.notify
    assert isinstance(slack, Slack)
    assert slack.webhook_url is not None
    assert slack.webhook_url.get_secret_value() == "https://hooks.slack.com/services/T/B/x"
    assert (slack.min_severity, slack.domains, slack.min_confidence) == (Severity.ERROR, ("nccl",), 0.5)
    assert (slack.tiers, slack.labels, slack.language) == (("source_verified",), {"cluster": "eu1"}, "en")
    assert isinstance(webhook, Webhook)
    assert [secret.get_secret_value() for secret in webhook.secret] == [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    ]
    assert isinstance(alertmanager, Alertmanager)
    assert alertmanager.urls == ("http://am-0:9093", "http://am-1:9093")
    assert isinstance(terminal, Terminal)
    assert (read.limits.max_record_bytes, read.limits.max_open_files, read.limits.sweep_s) == (65536, 10, 1)
    assert (read.log.format, read.log.level) == ("json", "debug")


# What is written


def test_the_key_decides_what_a_value_means() -> None:
    read = config(
        """
        sources: [{name: 123, paths: [/a], labels: {country: no, run: 0123, day: 2026-11-22}}]
        limits: {max_open_files: "512"}
        catalogue: {shipped: no}
        """
    )
    assert read.sources[0].name == "123"
    assert read.sources[0].labels == {"country": "no", "run": "0123", "day": "2026-11-22"}
    assert read.limits.max_open_files == 512
    assert read.catalogue.shipped is False


def test_a_key_with_nothing_after_it_has_its_default_and_null_switches_off() -> None:
    assert config("http:\n  # listen: x\nevents:\nlimits:\n  sweep_s:\n") == Config()
    assert config("http: null").http.address is None
    assert config("http: {listen: ~}").http.address is None
    assert config("events: null").events.path is None
    assert config("events: {path: null}").events.path is None


def test_relative_paths_start_from_the_folder_of_the_file() -> None:
    read = config(
        """
        state_dir: state
        catalogue: {paths: [mine]}
        events: {path: events.jsonl}
        sources:
          - {name: a, paths: ["logs/**/*.log", /abs/*.log], exclude: ["*.gz"], path_labels: ["{job}.log"]}
        """
    )
    assert read.state_dir == FILE.parent / "state"
    assert read.catalogue.paths == (FILE.parent / "mine",)
    assert read.events.path == FILE.parent / "events.jsonl"
    assert read.sources[0].paths == ("/etc/logwatch/logs/**/*.log", "/abs/*.log")
    assert read.sources[0].exclude == ("*.gz",)
    assert read.sources[0].path_labels == ("{job}.log",)


def test_a_folder_with_brackets_in_its_name_is_not_a_pattern() -> None:
    read = parse("sources: [{name: a, paths: ['*.log']}]", Path("/cfg[1]/logwatch.yaml"), {})
    assert read.sources[0].paths == ("/cfg[[]1]/*.log",)


def test_sections_can_be_shared() -> None:
    read = config(
        """
        sources:
          - &base {name: a, paths: [/a], kind: training, labels: {cluster: eu1}}
          - {<<: *base, name: b}
          - {<<: [{kind: kernel}, *base], name: c}
        """
    )
    assert [(s.name, s.kind, s.paths) for s in read.sources] == [
        ("a", "training", ("/a",)),
        ("b", "training", ("/a",)),
        ("c", "kernel", ("/a",)),
    ]


def test_a_section_that_holds_itself_is_a_mistake_and_not_a_hang() -> None:
    assert only_mistake("log: &x {level: *x}") == ("1", "refers to itself", "write the value out")
    assert only_mistake("log: &x {<<: *x}")[1] == "`<<` takes the alias of another section"


def test_a_merge_of_something_else_is_a_mistake() -> None:
    assert only_mistake("log:\n  <<: 7") == (
        "2", "`<<` takes the alias of another section", "write <<: *name, where &name marks a section",
    )  # fmt: skip


# What cannot be read at all


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: No such file"):
        load(tmp_path / "absent.yaml", {})


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.yaml: is not UTF-8 text"):
        load(path, {})


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("a: 1\nlog:\n\tlevel: info\n", "3", "indent with spaces"),
        ("log:\n  level: info: debug\n", "2", "in quotes"),
        ("sources:\n  - name: a\n    paths: [**/*.log]\n", "3", "in quotes"),
        ("sources:\n  - name: a\n    paths: [*.log]\n", "3", "in quotes"),
        ("log:\n  level: *info\n", "2", "in quotes"),
        ("log:\n  level: @info\n", "2", "in quotes"),
        ('a: 1\nhost: "open\nlog: {}\n', "2", "close the quote"),
        ("log: {}\n---\nlog: {}\n", "2", "one document"),
        ("sources:\n  - name: a\n   paths: [x]\n", "3", "the same column"),
        ("sources:\n  - name: a\n    paths: [x\nhttp: null\n", "4", "close what was opened"),
    ],
)
def test_broken_yaml_names_the_line_and_what_to_do(text: str, line: str, remedy: str) -> None:
    where, what, how = only_mistake(text)
    assert where == line
    assert what.startswith("is not YAML: ")
    assert remedy in how


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "[]\n"])
def test_a_file_without_keys_is_a_mistake(text: str) -> None:
    assert only_mistake(text)[1] == "is not a section with keys"


@given(st.text(max_size=60) | st.text(":-[]{}&*!|>'\"#\n\t a1~$<", max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    examined = examine_text(text, FILE, {})
    assert examined.config is not None or examined.problems


# What is wrong with keys


def test_an_unknown_key_comes_with_the_one_that_was_meant() -> None:
    assert only_mistake("log: {}\nlimit: {}\n") == (
        "2", "the configuration has no key `limit`", "did you mean `limits`?",
    )  # fmt: skip
    assert only_mistake("sources:\n- name: a\n  paths: [/a]\n  labls: {}\n") == (
        "4", "`sources[0]` has no key `labls`", "did you mean `labels`?",
    )  # fmt: skip
    assert only_mistake("notify:\n- type: slack\n  name: a\n  webhook: x\n  webhook_url: http://[::1]/") == (
        "4", "`notify[0]` has no key `webhook`", "did you mean `webhook_url`?",
    )  # fmt: skip


def test_an_unknown_key_like_no_other_comes_with_all_that_there_are() -> None:
    assert only_mistake("log: {xyz: 1}")[2] == "write one of format, level"


def test_a_key_that_stands_twice_is_a_mistake_at_the_second() -> None:
    assert only_mistake("log:\n  level: info\n  format: json\n  level: debug\n") == (
        "4", "`level` stands here a second time; the first is on line 2", "keep one of them",
    )  # fmt: skip


def test_a_missing_key_is_a_mistake_of_the_item() -> None:
    assert mistakes("sources:\n  - kind: kernel\n") == [
        ("2", "`sources[0]` has no `name`", "add `name: …`"),
        ("2", "`sources[0]` has no `paths`", "add `paths: …`"),
    ]


def test_a_list_where_a_key_belongs_is_a_mistake() -> None:
    assert only_mistake("? [a]\n: b\n") == (
        "1", "a list or section stands where a key belongs", "write a name before the colon",
    )  # fmt: skip


def test_a_tag_is_a_mistake() -> None:
    assert only_mistake("host: !vault abc")[1] == "the tag !vault has no meaning here"


# What is wrong with values


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("limits: {max_open_files: lots}", "`limits.max_open_files` is 'lots'", "write a whole number"),
        ("limits: {max_open_files: 1.5}", "`limits.max_open_files` is '1.5'", "write a whole number"),
        ("limits: {max_open_files: [1]}", "`limits.max_open_files` is a list", "write a whole number"),
        ("limits: {max_open_files: 0}", "`limits.max_open_files` is '0'", "write 1 or more"),
        ("limits: {sweep_s: soon}", "`limits.sweep_s` is 'soon'", "write a number"),
        ("limits: {sweep_s: nan}", "`limits.sweep_s` is 'nan'", "write a number"),
        ("limits: {sweep_s: 9999}", "`limits.sweep_s` is '9999'", "write 3600 or less"),
        ("limits: {max_record_bytes: big}", "`limits.max_record_bytes` is 'big'", "262144 or 256KiB"),
        ("limits: {max_record_bytes: 5MiB}", "4194304 is less than max_record_bytes", "5242880 or more"),
        ("limits: 7", "`limits` is '7'", "write a section with keys"),
        ("catalogue: {shipped: perhaps}", "`catalogue.shipped` is 'perhaps'", "write true or false"),
        ("catalogue: {paths: /a}", "`catalogue.paths` is '/a'", 'write a list: ["/a"]'),
        ("state_dir: [a]", "`state_dir` is a list", "write a path"),
        ("state_dir: null", "`state_dir` is null", "write a path"),
        ("state_dir: ''", "`state_dir` is not a path", "leave the key out"),
        ("state_dir: ~/x", "a tilde stands for nothing here", "write ${HOME}"),
        ("language: de", "`language` is 'de'", "write one of en, zh"),
        ("watch: sweeep", "`watch` is 'sweeep'", "did you mean `sweep`?"),
        ("host: {a: b}", "`host` is a section", "write text"),
        ("host: ''", "is empty", "one line of plain text"),
        ("sources: {name: a}", "`sources` is a section", "write a list"),
        ("sources: [{name: a, paths: []}]", "`sources[0].paths` is an empty list", "name at least one"),
        ("sources: [{name: a, paths: [null]}]", "`sources[0].paths[0]` is null", "write text"),
        ("sources: [{name: a, paths: ['/a/{job}.log']}]", "braces mean nothing", "{name} under path_labels"),
        ("sources: [{name: A b, paths: [/a]}]", "'A b' is not a name", "lower-case letters"),
        ("sources: [{name: a, paths: [/a], kind: trainng}]", "is 'trainng'", "did you mean `training`?"),
        (
            "sources: [{name: a, paths: [/a], labels: {9x: a}}]",
            "'9x' is not a label's name",
            "no digit first",
        ),
        ("sources: [{name: a, paths: [/a], labels: {__x: a}}]", "'__x' is not a label's name", "underscores"),
        (
            "sources: [{name: a, paths: [/a], labels: {severity: a}}]",
            "'severity' is a label that logwatch gives itself",
            "say site_severity",
        ),
        (
            "sources: [{name: a, paths: [/a], path_labels: ['/a/{error_id}']}]",
            "'error_id' is a label that logwatch gives itself",
            "site_error_id",
        ),
        (
            "sources: [{name: a, paths: [/a], path_labels: ['/a/{job']}]",
            "`sources[0].path_labels[0]` '/a/{job': a brace in '{job' has no partner",
            "write names as {job}",
        ),
        ("http: {listen: 9477}", "'9477' is not host:port", "127.0.0.1:9477"),
        ("http: {listen: 'a:b'}", "'a:b' is not host:port", "127.0.0.1:9477"),
        ("http: {listen: '::1:9477'}", "'::1:9477' is not host:port", "[::1]:9477"),
        ("http: {listen: 'a:70000'}", "'a:70000' is not host:port", "127.0.0.1:9477"),
        (
            "notify: [{name: a}]",
            "`notify[0]` does not say its type",
            "slack, slack_bot, pagerduty, webhook, alertmanager, apprise, terminal",
        ),
        ("notify: [{type: slak, name: a}]", "of the unknown type 'slak'", "did you mean `slack`?"),
        ("notify: [text]", "`notify[0]` is 'text'", "write a section with keys"),
        ("notify: [{type: slack, name: a}]", "the receiver has no `webhook_url`", "add `webhook_url_file:"),
        ("notify: [{type: webhook, name: a}]", "the receiver has no `url`", "add `url_file:"),
        ("notify: [{type: alertmanager, name: a, urls: []}]", "is an empty list", "name at least one"),
        ("notify: [{type: alertmanager, name: a, urls: [am:9093]}]", "is not an http URL", "https://"),
        ("notify: [{type: terminal, name: a, min_confidence: 2}]", "is '2'", "write 1 or less"),
        ("notify: [{type: webhook, name: a, url: 'http://h', secret: whsec_!}]", "cannot be used", "openssl"),
    ],
)
def test_a_wrong_value_says_what_is_expected(text: str, what: str, remedy: str) -> None:
    _, told, how = only_mistake(text)
    assert what in told
    assert remedy in how


@pytest.mark.parametrize(
    ("url", "what", "remedy"),
    [
        ("hooks.slack.com/services/T/B/TOPSECRET", "is not an http URL", "begin it with https://"),
        ("ftp://hooks.slack.com/services/T/B/TOPSECRET", "is not an http URL", "begin it with https://"),
        ("https:///services/T/B/TOPSECRET", "lacks a host", "https://host/path"),
        ("https://hooks.slack.com/services/T/B/TOP SECRET", "holds blanks", "https://host/path"),
        ("https://hooks.slack.com:port/TOPSECRET", "its host or port cannot be read", "what follows //"),
        ("http://hooks.slack.com/services/T/B/TOPSECRET", "in the clear", "begin it with https://"),
        ("https://hooks.slack.com/", "is cut short", "copy the whole address"),
    ],
)
def test_a_wrong_slack_url_is_a_mistake_that_does_not_tell_the_secret(
    url: str, what: str, remedy: str
) -> None:
    line, told, how = only_mistake(f"notify:\n- type: slack\n  name: a\n  webhook_url: {url!r}")
    assert line == "4"
    assert what in told
    assert remedy in how
    assert "SECRET" not in told + how


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://localhost/x", "https://proxy.example.com/slack"]
)
def test_a_slack_url_may_lead_elsewhere(url: str) -> None:
    [slack] = config(f"notify: [{{type: slack, name: a, webhook_url: '{url}'}}]").notify
    assert isinstance(slack, Slack)


def test_secrets_do_not_show_in_the_configuration_as_text() -> None:
    read = config(
        """
        notify:
          - {type: slack, name: a, webhook_url: "https://hooks.slack.com/services/TOPSECRET"}
          - {type: webhook, name: b, url: "https://h/TOPSECRET", secret: TOPSECRET}
        """
    )
    assert "SECRET" not in repr(read) + str(read) + read.model_dump_json()


def test_names_are_given_once() -> None:
    text = """
sources:
  - {name: a, paths: [/a]}
  - {name: a, paths: [/b]}
notify:
  - {type: terminal, name: a}
  - name: a
    type: terminal
"""
    assert mistakes(text) == [
        ("4", f"the name 'a' is taken by {FILE}:3", "give each a name of its own"),
        ("7", f"the name 'a' is taken by {FILE}:6", "give each a name of its own"),
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
state_dir: ${NOWHERE}
sources:
  - name: train
    pats: ["/logs/*.log"]
  - name: train
    paths: /var/log/syslog
limits:
  sweep_s: soon
  sweep_s: 1
notify:
  - {type: slack, name: oncall, webhook_url_file: /nonexistent/slack-url}
  - {type: pager, name: b}
htp: {}
"""
    found = mistakes(text, {"LOGWATCH__LOG__LEVEL": "loud"})
    assert [(where, what.split(":")[0]) for where, what, _ in found] == [
        ("1", "NOWHERE is not set in the environment"),
        ("3", "`sources[0]` has no `paths`"),
        ("4", "`sources[0]` has no key `pats`"),
        ("5", "the name 'train' is taken by /etc/logwatch/logwatch.yaml"),
        ("6", "`sources[1].paths` is '/var/log/syslog'"),
        ("8", "`limits.sweep_s` is 'soon'"),
        ("9", "`sweep_s` stands here a second time; the first is on line 8"),
        ("11", "/nonexistent/slack-url cannot be read"),
        ("12", "`notify[1]` is of the unknown type 'pager'"),
        ("13", "the configuration has no key `htp`"),
        ("LOGWATCH__LOG__LEVEL", "`log.level` is 'loud'"),
    ]
    assert all(remedy for _, _, remedy in found)


def test_the_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config("").host = "other"  # type: ignore[misc]


# What is left of a file with mistakes


def test_what_has_mistakes_is_left_out_and_the_rest_can_be_looked_at() -> None:
    examined = examine_text(
        """
        sources:
          - {name: bad, paths: /a}
          - {name: good, paths: [/b]}
        notify: [{type: slack, name: a}, {type: terminal, name: b}]
        http: {listen: nowhere}
        host: node-1
        """,
        FILE,
        {},
    )
    assert len(examined.problems) == 3
    assert examined.broken == {"http"}
    assert examined.config is not None
    assert [source.name for source in examined.config.sources] == ["good"]
    assert [receiver.name for receiver in examined.config.notify] == ["b"]
    assert examined.config.host == "node-1"


def test_of_a_file_that_is_not_yaml_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("{")
    examined = examine(path, {})
    assert examined.config is None
    assert [type(problem) for problem in examined.problems] == [Problem]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from([*Config.model_fields, "unknown"])
_ITEMS = st.dictionaries(
    st.sampled_from(["type", "name", "paths", "url", "secret_file", "labels", "path_labels"]),
    st.sampled_from(["slack", "webhook", "alertmanager"]) | _VALUES,
)


@given(st.dictionaries(_KEYS, _VALUES | st.lists(_ITEMS, max_size=3)))
def test_whatever_stands_in_a_file_the_rest_of_it_can_be_looked_at(written: dict[str, object]) -> None:
    examined = examine_text(yaml.safe_dump(written), FILE, {})
    assert examined.config is not None
