"""Notes are complete or not there, and a slip tells of each version once."""

import json
import threading
from pathlib import Path

import pytest

from logwatch import notes
from logwatch.errors import StateError


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"

    def add(number: int) -> None:
        for n in range(20):
            with notes.changing(file) as written:
                written.append([number, n])

    writers = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(notes.read(file)) == [[number, n] for number in range(4) for n in range(20)]
    assert [path.name for path in tmp_path.iterdir()] == ["notes.json"]


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text("[1]")
    with pytest.raises(ZeroDivisionError), notes.changing(file) as written:
        written.append(1 / 0)
    with pytest.raises(TypeError), notes.changing(file) as written:
        written.append(object())
    assert file.read_text() == "[1]"


def test_a_slip_tells_of_each_version_once(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    slip = notes.Slip(file)
    assert slip.news() == []
    assert slip.news() is None
    for version in range(3):
        with notes.changing(file) as written:
            written[:] = [version]
        assert slip.news() == [version]
        assert slip.news() is None
    file.unlink()
    assert slip.news() == []


@pytest.mark.parametrize("text", ["{", "{}", "nonsense", "\x00"])
def test_what_is_no_list_of_notes_is_complained_about_once(tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes.json"
    file.write_text(text)
    slip = notes.Slip(file)
    with pytest.raises(StateError, match=r"notes\.json"):
        slip.news()
    assert slip.news() is None
    file.write_text(json.dumps([1]))
    assert slip.news() == [1]


def test_anybody_may_read_what_one_has_written(tmp_path: Path) -> None:
    with notes.changing(tmp_path / "notes.json") as written:
        written.append(1)
    assert (tmp_path / "notes.json").stat().st_mode & 0o777 == 0o644
