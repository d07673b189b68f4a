"""An entry of the journal: what is said, by whom and when, whatever a program put into its fields."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.prefix import labels_of, log_time
from logwatch.tail.journal_entry import Entry, entry_of

AT = 1_790_000_000_123_456


def entry(**fields: Any) -> Entry:
    told = {
        "__CURSOR": "s=a;i=1;b=b;m=5;t=6;x=7",
        "__REALTIME_TIMESTAMP": str(AT),
        "__MONOTONIC_TIMESTAMP": "5000000",
        "_BOOT_ID": "b" * 32,
        "_HOSTNAME": "node7",
        **fields,
    }
    return entry_of(json.dumps(told).encode())


def lines(**fields: Any) -> list[str]:
    return [line.decode() for line in entry(**fields).lines()]


def test_the_kernel_speaks_as_in_a_syslog_file() -> None:
    [line] = lines(_TRANSPORT="kernel", SYSLOG_IDENTIFIER="kernel", MESSAGE="NVRM: Xid 79")
    assert line == "2026-09-21T13:33:20.123456Z node7 kernel: NVRM: Xid 79".replace(
        "2026-09-21T13:33:20", line[:19]
    )
    assert log_time(line, AT / 1e6) == pytest.approx(AT / 1e6)
    assert labels_of(line) == {"host": "node7"}


def test_a_program_speaks_with_its_name_and_process() -> None:
    [line] = lines(SYSLOG_IDENTIFIER="nv-hostengine", _PID="812", MESSAGE="it broke")
    assert line.endswith(" node7 nv-hostengine[812]: it broke")
    assert labels_of(line) == {"host": "node7", "pid": "812"}


def test_every_line_of_a_message_stands_by_itself() -> None:
    told = lines(_COMM="python3", MESSAGE="Traceback:\n\n  File x\nOOM")
    assert [line.split("python3: ")[1] for line in told] == ["Traceback:", "  File x", "OOM"]


def test_what_is_no_text_is_read_byte_by_byte() -> None:
    assert entry(MESSAGE=[78, 67, 67, 76, 255]).message == b"NCCL\xff"
    assert entry(MESSAGE=["one", "two"]).message == b"one\ntwo"
    assert entry(MESSAGE=None).message == b""
    assert entry().message == b""


def test_unit_process_and_host_become_labels() -> None:
    assert entry(_SYSTEMD_UNIT="slurmd.service", _PID="4").labels == {
        "unit": "slurmd.service", "pid": "4", "host": "node7",
    }  # fmt: skip


def test_what_pid_1_says_of_a_unit_belongs_to_it() -> None:
    said = {"_SYSTEMD_UNIT": "init.scope", "UNIT": "train.service"}
    assert entry(_PID="1", **said).labels["unit"] == "train.service"
    assert entry(_PID="2", **said).labels["unit"] == "init.scope"


def test_a_name_that_a_program_gave_itself_cannot_pass_for_something_else() -> None:
    """No second prefix, no line of its own, no kernel."""
    [line] = lines(SYSLOG_IDENTIFIER="x\nkernel: NVRM: Xid", MESSAGE="m")
    assert line.endswith(" node7 x: m")
    [line] = lines(SYSLOG_IDENTIFIER="kernel: NVRM", MESSAGE="m")
    assert line.endswith(" node7 kernel_NVRM: m")


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"__CURSOR": 1}', b'"text"', b"[" * 100_000])
def test_what_is_no_entry_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any will do
        entry_of(line)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["MESSAGE", "UNIT", "_PID", "_HOSTNAME", "_COMM"]), ANYTHING))
def test_no_field_can_break_out_of_its_line(fields: dict[str, Any]) -> None:
    told = entry(**fields)
    for line in told.lines():
        assert b"\n" not in line
        assert line.count(b": ") >= 1
    for value in told.labels.values():
        assert value.isprintable()
