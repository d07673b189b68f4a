"""Where people reach the status page, as messages say it."""

import pytest

from logwatch.config.model import Http


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"listen": ":9477"}, "http://gpu-0412:9477/"),
        ({"listen": "0.0.0.0:80"}, "http://gpu-0412:80/"),
        ({"listen": "127.0.0.1:9477"}, ""),
        ({"listen": "[::1]:9477"}, ""),
        ({"listen": "localhost:9477"}, ""),
        ({"listen": ":0"}, ""),
        ({"listen": None}, ""),
        (
            {"listen": "127.0.0.1:9477", "url": "https://logs.example/gpu-0412/"},
            "https://logs.example/gpu-0412/",
        ),
    ],
)
def test_a_page_that_only_this_machine_reaches_is_not_told_of(written: dict[str, str], told: str) -> None:
    assert Http.model_validate(written).page_url("gpu-0412") == told
