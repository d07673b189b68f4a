"""What stands for the whole run is taken out of the garbage collector's sight.

A full collection looks at every object there is and stops all threads meanwhile: 3 ms for a thousand files, 40 for
the program itself. Hardly anything of that is ever garbage, and what is goes as soon as nobody refers to it.
"""

import gc

# Collecting what so many files have brought since takes less than 10 ms. Each time, whatever forms a ring just then
# stays for ever: it must not be often.
MORE_FILES = 2000


class Standing:
    """Knows how many files there were when their objects were last taken out of sight."""

    def __init__(self) -> None:
        self._files: int | None = None

    def note(self, files: int) -> None:
        """So many files are followed now."""
        if self._files is None or files >= self._files + MORE_FILES:
            self._files = files
            gc.freeze()
