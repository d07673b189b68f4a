"""What stands in a string of a program was not said by it."""

import pytest

from logwatch.scan import source_line
from logwatch.scan.digits import told_apart
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.scan.source_line import is_in_source

MESSAGE = "device is lost"


@pytest.mark.parametrize(
    "line",
    [
        f'    raise RuntimeError("{MESSAGE}")',
        f"raise ValueError(f'rank 3: {MESSAGE}')",
        f'        print("oh: {MESSAGE}")',
        f'logger.warning("{MESSAGE}, going on")',
        f'    log.error(f"{MESSAGE} {{n}}")',
        f'    assert device.is_there, "{MESSAGE}"',
        f'    warnings.warn("{MESSAGE}")',
    ],
)
def test_a_message_that_a_line_of_source_holds_is_no_message(line: str) -> None:
    assert is_in_source(line, line.index(MESSAGE))
    scanner = Scanner([Rule("test/lost", MESSAGE)])
    assert scanner.scan(line.encode()).matches == []


@pytest.mark.parametrize(
    "line",
    [
        f"RuntimeError: {MESSAGE}",
        f'RuntimeError("{MESSAGE}")',
        f"Exception raised: '{MESSAGE}'",
        f'{{"message": "{MESSAGE}"}}',
        f'        "{MESSAGE}",',
        f'print("step 7"); {MESSAGE}',
        f"print('a' * 80, {' ' * 200}) {MESSAGE}",
    ],
)
def test_a_message_in_quotes_may_be_one(line: str) -> None:
    assert not is_in_source(line, line.index(MESSAGE))
    scanner = Scanner([Rule("test/lost", MESSAGE)])
    assert [match.rule for match in scanner.scan(line.encode()).matches] == ["test/lost"]


def test_whether_a_line_is_source_does_not_depend_on_its_digits() -> None:
    """It is asked of one line, and holds for all that differ in digits only."""
    assert told_apart(source_line._OPENED.pattern) == frozenset()
