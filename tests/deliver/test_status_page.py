"""A page for people, out of text that may be hostile."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.status_page import MAX_ROWS, page

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Outline(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str | None] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_plain_values_mappings_and_rows_are_shown() -> None:
    outline = Outline(
        page(
            {
                "version": "0.1.0",
                "receivers": {"oncall": "3 waiting"},
                "sources": [{"name": "train", "lag": 0}, {"name": "kernel"}],
                "warnings": ["a pattern was set aside"],
                "incidents": [],
            }
        )
    )
    for shown in ("0.1.0", "oncall", "3 waiting", "lag", "kernel", "a pattern was set aside", "none"):
        assert shown in outline.texts


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs() -> None:
    outline = Outline(page({"a": {"b": 1}}))
    assert set(outline.addresses) == {"metrics", "readyz?verbose", "livez?verbose"}
    assert not {"script", "img", "link", "iframe"} & set(outline.tags)


values = st.text() | st.just(HOSTILE) | st.integers() | st.none()
nested = st.lists(values) | st.dictionaries(st.text(), values) | st.lists(st.dictionaries(st.text(), values))
KNOWN = {"html", "head", "meta", "title", "style", "body", "nav", "a", "h1", "h2", "p"}
KNOWN |= {"table", "tr", "th", "td"}


@given(st.dictionaries(st.text() | st.just(HOSTILE), values | nested))
def test_no_value_becomes_a_tag(status: dict[str, object]) -> None:
    assert set(Outline(page(status)).tags) <= KNOWN


def test_a_long_table_is_cut_and_says_so() -> None:
    outline = Outline(page({"files": [{"path": f"/logs/{n}"} for n in range(MAX_ROWS + 7)]}))
    assert "… and 7 more" in outline.texts
    assert f"/logs/{MAX_ROWS - 1}" in outline.texts
    assert f"/logs/{MAX_ROWS}" not in outline.texts
