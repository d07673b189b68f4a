"""A line of a log becomes a record that recognises it, and others of its kind."""

import json
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.catalogue.adversary import slow_line
from logwatch.catalogue.desk import Level
from logwatch.catalogue.entry import Entry
from logwatch.catalogue.lint import check_examples, lint, read_shelf
from logwatch.catalogue.load import shipped_folder
from logwatch.catalogue.scaffold import MAX_MESSAGE, NothingFixedError, draft, message_of, pattern_of, slug_of
from logwatch.scan.pattern import FLAGS

from .records import write

TODAY = "2026-11-22"


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("DataLoader timed out after 30 seconds", r"DataLoader timed out after (?P<after>\d+) seconds"),
        ("connect to 10.4.0.2 port 29500", r"connect to (?P<peer>\d+\.\d+\.\d+\.\d+) port (?P<port>\d+)"),
        ("DataLoader worker (pid(s) 5406) exited", r"DataLoader worker \(pid\(s\) (?P<pid>\d+)\) exited"),
        ("rank 3 waits for rank 4", r"rank (?P<rank>\d+) waits for rank \d+"),
        ("device fault at 0x7f5a_e7504000", r"device fault at 0x[0-9a-fA-F_]{1,32}"),
        ("Tried to allocate 2.09 GiB here", r"Tried to allocate (?P<size>[\d.]{1,20} ?[kKMGTP]?i?B) here"),
        ("lost 0000:18:00.0 for good", r"lost (?P<device>[0-9a-fA-F:.]{10,16}) for good"),
        ("cannot open /mnt/data/a-1.bin now", r"""cannot open (?P<path>[^\s:,'"<>)\]]{1,200}) now"""),
        ("job f81d4fae-7dec-11d0-a765-00a0c91e6bf6 gone", r"job [0-9a-fA-F-]{36} gone"),
        ("started 2026-01-02T03:04:05.678Z late", r"started [\dTZ :.,+-]{19,35} late"),
        ("took -1 of 3.5 shares", r"took -?\d+ of -?\d[\d.eE+-]{1,24} shares"),
        ("waited 45s in vain", r"waited \d+s in vain"),
        (
            "see https://example.com/a?b=1 for more",
            r"""see (?P<url>[a-z]{2,8}://[^\s'"<>)\]]{1,200}) for more""",
        ),
        ("token [masked] was refused", r"token \S{1,200} was refused"),
        ("mlx5_core and sm_90 stay", "mlx5_core and sm_90 stay"),
        ("a [b] (c) {d} *e* f? g+ h|i ^j $k \\l .", r"a \[b\] \(c\) \{d\} \*e\* f\? g\+ h\|i \^j \$k \\l \."),
        # Numbers that say which error it is stay; one at the head of the pattern would be tried everywhere.
        ("[Errno 28] No space left on device", r"\[Errno 28\] No space left on device"),
        ("Xid (PCI:0000:05:00): 79, bus", r"Xid \(PCI:(?P<device>[0-9a-fA-F:.]{10,16})\): 79, bus"),
        ("CUDA error 401 in exit code 7", "CUDA error 401 in exit code 7"),
        ("429 Client Error: Too Many Requests", "Client Error: Too Many Requests"),
    ],
)
def test_what_varies_becomes_variable_and_what_tells_stays(line: str, pattern: str) -> None:
    assert pattern_of(line) == pattern
    assert regex.search(pattern, line, FLAGS)


def test_a_pattern_holds_on_to_the_beginning_of_a_long_message() -> None:
    message = " ".join(f"word{chr(97 + n % 26)}" for n in range(200))
    pattern = pattern_of(message)
    assert len(pattern) <= MAX_MESSAGE
    assert message.startswith(f"{pattern} ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[rank2]:[E1218 20:27:21.433063423 ProcessGroupNCCL.cpp:629] Watchdog caught", "Watchdog caught"),
        ("[2026-01-04 21:33:04] host-0:617:2799 [3] misc/socket.cc:483 NCCL WARN gone", "NCCL WARN gone"),
        ("2026-11-22T01:02:03Z ERROR: it broke", "it broke"),
        ("RuntimeError: it broke", "RuntimeError: it broke"),
        ("RayTaskError: \x1b[36mray::run()\x1b[39m broke", "RayTaskError: ray::run() broke"),
        ("Aug 23 22:44:33 kernel: NVRM: it broke", "NVRM: it broke"),
        ("[2026-01-04 21:33:04]", "[2026-01-04 21:33:04]"),
    ],
)
def test_what_stands_in_front_of_the_message_goes(line: str, message: str) -> None:
    assert message_of(line) == message


def test_other_lines_of_the_kind_are_recognised() -> None:
    record = draft("[rank1]: worker 7 of job a1b2c3d4 lost 3.5 GiB at 12:00:01", "acme", today=TODAY).record
    assert regex.search(record["regex"], "worker 12345 of job ffff00ff lost 700 MiB at 23:59:59.9", FLAGS)
    assert not regex.search(record["regex"], "worker 7 of job a1b2c3d4 won 3.5 GiB at 12:00:01", FLAGS)


def shipped_lines() -> list[str]:
    shelf = read_shelf([shipped_folder()])
    return [seen.example.text for case in shelf.cases() for seen in case.match]


def test_a_record_begun_from_any_known_line_lacks_only_what_a_person_must_write(tmp_path: Path) -> None:
    taken: set[str] = set()
    for line in shipped_lines():
        begun = draft(line, "acme", today=TODAY, taken=taken)
        taken.add(begun.id)
        write(tmp_path, begun.record)
    findings = check_examples(read_shelf([tmp_path]))
    wrong = [f for f in findings if f.level is Level.ERROR and "recognised as acme/" not in f.what]
    assert wrong == []
    assert {finding.check for finding in findings} <= {"evidence", "found"}


def test_a_new_record_passes_lint_with_advice_only(tmp_path: Path) -> None:
    write(tmp_path, draft("RuntimeError: widget 7 exploded at 0x1f", "acme", today=TODAY).record)
    findings = lint(read_shelf([tmp_path]))
    assert {finding.level for finding in findings} == {Level.WARNING}
    assert {finding.check for finding in findings} == {"evidence", "texts", "advice"}


def test_a_record_has_all_keys_in_the_order_of_the_shipped_ones() -> None:
    keys = list(draft("a line with words", "acme", today=TODAY).record)
    seed = shipped_folder() / "huggingface" / "accelerate-multi-gpu-device-map-conflict.json"
    shipped = list(json.loads(seed.read_text(encoding="utf-8")))
    assert [key for key in keys if key in shipped] == shipped
    assert set(keys) == set(Entry.model_fields)


def test_an_id_is_made_of_telling_words() -> None:
    assert slug_of("RuntimeError: CUDA error: uncorrectable ECC error encountered") == (
        "cuda-uncorrectable-ecc-encountered"
    )
    assert slug_of("内存不足") == "new-entry"


def test_an_id_that_is_taken_is_numbered() -> None:
    begun = draft("worker lost", "acme", today=TODAY, taken={"acme/worker-lost", "acme/worker-lost-2"})
    assert begun.id == begun.record["id"] == "acme/worker-lost-3"


def test_a_slug_can_be_given() -> None:
    assert draft("worker lost", "acme", today=TODAY, slug="gone").id == "acme/gone"


@pytest.mark.parametrize("line", ["12 34", "0x7f12", "a 7", "7.5 GiB"])
def test_a_line_without_fixed_text_is_refused(line: str) -> None:
    with pytest.raises(NothingFixedError):
        draft(line, "acme", today=TODAY)


@settings(deadline=None, max_examples=200)
@given(
    st.text(
        st.characters(exclude_characters="\r\n\x00\x1b\ufeff\ufffd", exclude_categories=["Cs"]), max_size=300
    )
)
def test_whatever_the_line_is_its_pattern_finds_it(line: str) -> None:
    try:
        record = draft(f"{line} needle {line}", "acme", today=TODAY).record
    except NothingFixedError:
        return
    assert regex.search(record["regex"], record["examples"]["match"][0]["text"], FLAGS)
    assert regex.search(record["regex"], record["signature"], FLAGS)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.sampled_from(["7", "0x1f", "/a/b/c", "10.0.0.1", "2.5 GiB", "12:00:01", ":", " "]), max_size=12
    )
)
def test_a_pattern_made_of_many_variables_is_not_slow(pieces: list[str]) -> None:
    record = draft(f"needle {' '.join(pieces)} end of needle", "acme", today=TODAY).record
    assert slow_line(Entry.model_validate(record)) is None
