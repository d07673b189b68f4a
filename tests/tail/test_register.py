"""Finding a life: by the path it holds, by its file, by the log it began as."""

from logwatch.tail.life import Life
from logwatch.tail.register import Register
from logwatch.tail.verdict import FileId


def life(key: str, path: str, inode: int, number: int = 1, **more: object) -> Life:
    made = Life(key, "logs", path, number, FileId(1, inode), home=path)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_a_life_is_found_in_every_way() -> None:
    register, log = Register(), life("k", "/a", 7)
    register.add(log)
    assert register.at("/a") is register.of_file(1, 7) is register.get("k") is log
    assert list(register.of_log("/a")) == list(register) == [log]
    assert log in register


def test_what_is_over_is_found_no_more() -> None:
    register, log = Register(), life("k", "/a", 7)
    register.add(log)
    register.drop(log)
    assert register.at("/a") is register.of_file(1, 7) is register.get("k") is None
    assert list(register.of_log("/a")) == list(register) == []
    assert log not in register


def test_a_path_goes_from_one_life_to_the_next() -> None:
    register, old, new = Register(), life("old", "/a", 7), life("new", "/a", 8, number=2)
    register.add(old)
    register.take_path(old)
    assert old.is_nameless
    register.add(new)
    assert register.at("/a") is new
    # The old one has nothing to give back.
    register.take_path(old)
    register.drop(old)
    assert register.at("/a") is new
    assert list(register.of_log("/a")) == [new]


def test_a_renamed_life_holds_its_new_path_only() -> None:
    register, log = Register(), life("k", "/a", 7)
    register.add(log)
    register.give_path(log, "/a.1")
    assert (register.at("/a"), register.at("/a.1"), log.path, log.is_nameless) == (None, log, "/a.1", False)
    assert list(register.of_log("/a")) == [log]


def test_a_nameless_life_is_found_by_its_file_until_another_has_it() -> None:
    register, old = Register(), life("old", "/a", 7, is_nameless=True)
    register.add(old)
    assert register.at("/a") is None
    assert register.of_file(1, 7) is old
    new = life("new", "/a", 7, number=2)
    register.add(new)
    register.drop(old)
    assert register.of_file(1, 7) is new


def test_a_file_that_is_known_under_another_number_is_not_found_under_the_old_one() -> None:
    register, log = Register(), life("k", "/a", 7)
    register.add(log)
    register.identify(log, FileId(2, 7))
    assert register.of_file(1, 7) is None
    assert register.of_file(2, 7) is log


def test_a_link_is_a_log_of_where_it_leads() -> None:
    register, log = Register(), life("k", "/link", 7, target="/pods/0.log")
    register.add(log)
    assert list(register.of_log("/pods/0.log")) == [log]
    assert not register.of_log("/link")


def test_lives_at_a_path_are_numbered_on_from_what_was_remembered() -> None:
    register = Register()
    assert [register.next_number("/a"), register.next_number("/a"), register.next_number("/b")] == [1, 2, 1]
    register.add(life("k", "/a", 7, number=5))
    assert register.next_number("/a") == 6
