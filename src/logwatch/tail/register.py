"""The lives of one source, and how to find one: by the path it holds, its file, the log it began as."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from logwatch.tail.life import Life
from logwatch.tail.verdict import FileId


class Register:
    """All lives that are not over. A path is held by one of them; what holds none is nameless."""

    def __init__(self) -> None:
        self._by_key: dict[str, Life] = {}
        self._by_path: dict[str, Life] = {}
        self._by_file: dict[tuple[int, int], Life] = {}
        self._by_log: dict[str, dict[str, Life]] = defaultdict(dict)
        self._numbers: dict[str, int] = {}

    def __iter__(self) -> Iterator[Life]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, life: Life) -> bool:
        return life.key in self._by_key

    def get(self, key: str) -> Life | None:
        return self._by_key.get(key)

    def at(self, path: str) -> Life | None:
        """The life that holds `path`."""
        return self._by_path.get(path)

    def of_file(self, device: int, inode: int) -> Life | None:
        """The latest life of a file."""
        return self._by_file.get((device, inode))

    def of_log(self, log: str) -> Collection[Life]:
        """The lives that began as `log`, wherever they lie now."""
        return self._by_log[log].values() if log in self._by_log else ()

    def next_number(self, home: str) -> int:
        """The number of the next life that begins at `home`, from 1."""
        self._numbers[home] = self._numbers.get(home, 0) + 1
        return self._numbers[home]

    def add(self, life: Life) -> None:
        """Takes `life` in; it holds the path at which it lies, unless it is nameless."""
        self._numbers[life.home] = max(life.number, self._numbers.get(life.home, 0))
        self._by_key[life.key] = life
        self._by_log[life.log][life.key] = life
        self._by_file[life.file.dev, life.file.ino] = life
        if not life.is_nameless:
            self._by_path[life.path] = life

    def give_path(self, life: Life, path: str) -> None:
        """`life` holds `path` from now on, and no other."""
        self.take_path(life)
        life.path, life.is_nameless, life.dirty = path, False, True
        self._by_path[path] = life

    def take_path(self, life: Life) -> None:
        """`life` holds no path any more."""
        if self._by_path.get(life.path) is life:
            del self._by_path[life.path]
        life.is_nameless = True

    def identify(self, life: Life, file: FileId) -> None:
        """`life` is now known to be that of `file`."""
        self._forget_file(life)
        life.file, life.dirty = file, True
        self._by_file[file.dev, file.ino] = life

    def drop(self, life: Life) -> None:
        """`life` is over."""
        self.take_path(life)
        self._forget_file(life)
        self._by_key.pop(life.key, None)
        self._by_log[life.log].pop(life.key, None)
        if not self._by_log[life.log]:
            del self._by_log[life.log]

    def _forget_file(self, life: Life) -> None:
        if self._by_file.get((life.file.dev, life.file.ino)) is life:
            del self._by_file[life.file.dev, life.file.ino]
