"""Makes of sightings what is published about them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from logwatch.cli.gathering import Firsts, Seen
from logwatch.cli.sightings import Sighting
from logwatch.incident.event import Event, Origin, Publisher
from logwatch.path_template import PathTemplate, labels_for
from logwatch.render.jsonl import event_line
from logwatch.render.report import Spot
from logwatch.tail.oneshot import STDIN


@dataclass(slots=True)
class Witness:
    """Makes events of sightings. All files are of this host and, unless their paths say so, of one job."""

    publisher: Publisher
    templates: Sequence[PathTemplate]
    host: str = field(default_factory=lambda: os.uname().nodename)
    _origins: dict[str, Origin] = field(default_factory=dict)
    _firsts: Firsts = field(default_factory=Firsts)

    def _origin(self, path: str) -> Origin:
        if path not in self._origins:
            # Only the file at hand is ever asked for.
            self._origins = {path: self._origin_of(path)}
        return self._origins[path]

    def _origin_of(self, path: str) -> Origin:
        is_file = path != STDIN
        return Origin(
            source="scan",
            path=path,
            generation=1,
            generation_key=f"{os.path.realpath(path) if is_file else path}\0scan",
            labels=labels_for(self.templates, str(Path(path).absolute())) if is_file else {},
            host=self.host,
        )

    def line(self, sighting: Sighting) -> bytes:
        """The published event. It has no context, so none is looked for."""
        return event_line(self._event(sighting, None))

    def event(self, sighting: Sighting) -> Event:
        return self._event(sighting, sighting.surroundings())

    def seen(self, sighting: Sighting) -> Seen:
        labels = {**sighting.labels, **self._origin(sighting.path).labels}
        spot = Spot(sighting.path, sighting.line_number, labels, sighting.written)
        error_id = sighting.match.rule
        is_first = self._firsts.is_first(error_id, spot)
        return Seen(error_id, spot, self.event(sighting) if is_first else None)

    def _event(self, sighting: Sighting, context: Sequence[str] | None) -> Event:
        return self.publisher.event(
            sighting.match,
            self._origin(sighting.path),
            offset=sighting.offset,
            line_number=sighting.line_number,
            now=sighting.time,
            context=context,
            labels=sighting.labels,
            # What comes through a pipe is taken to be written as it comes.
            is_dated=sighting.written is not None or sighting.path == STDIN,
        )
