"""What is told once something was found. A scan that finds nothing does without this, and all it brings."""

import sys
from collections.abc import Iterable, Sequence

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.entry import Language
from logwatch.cli.gathering import Gathering, Seen
from logwatch.cli.sightings import Sighting
from logwatch.cli.terminal import look_of
from logwatch.cli.witness import Witness
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, Publisher
from logwatch.path_template import PathTemplate
from logwatch.render.effort import Effort
from logwatch.render.jsonl import incident_line
from logwatch.render.report import Finding, of_incident, report


class Telling:
    """Tells of sightings in files what the catalogue knows of them."""

    def __init__(self, catalogue: Catalogue, language: Language, templates: Sequence[PathTemplate]) -> None:
        self._edges = catalogue.edges
        self._language = language
        self._advisor = Advisor(catalogue.entries, catalogue.version, language)
        self._witness = Witness(Publisher(catalogue.entries, catalogue.version, language), templates)

    def line(self, sighting: Sighting) -> bytes:
        return self._witness.line(sighting)

    def event(self, sighting: Sighting) -> Event:
        return self._witness.event(sighting)

    def seen(self, sighting: Sighting) -> Seen:
        return self._witness.seen(sighting)

    def gathered(self, everything: Iterable[Seen]) -> list[Finding]:
        """One finding for each error that was seen."""
        gathering = Gathering()
        for seen in everything:
            gathering.add(seen)
        return list(gathering.findings(self._advisor))

    def folded(self, events: Iterable[Event]) -> list[Finding]:
        """One finding for each incident, echoes folded under their cause."""
        from logwatch.incident.replay import fold  # noqa: PLC0415 - not every scan folds

        return list(map(of_incident, fold(events, self._advisor, self._edges)))

    def line_of(self, finding: Finding) -> bytes:
        """The incident as JSON."""
        return incident_line(finding.incident)

    def page(self, findings: Sequence[Finding], effort: Effort) -> str:
        return report(findings, effort, look_of(sys.stdout, self._language))
