"""What is allowed and probably not meant."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from logwatch.config.model import Apprise, Config, PagerDuty, Slack, SlackBot, Webhook
from logwatch.config.values import SLACK_HOSTS
from logwatch.errors import Problem

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def doubts(config: Config) -> tuple[Problem, ...]:
    """Warnings about a configuration that can be used; `where` names the section."""
    return tuple(_about_everything(config))


def _about_everything(config: Config) -> Iterator[Problem]:
    if not config.sources:
        yield Problem("sources", "no source is configured: nothing will be read", "add one under `sources`")
    if not config.catalogue.shipped and not config.catalogue.paths:
        yield Problem(
            "catalogue",
            "no entry is in force: nothing will be recognised",
            "set `shipped: true` or add `paths`",
        )
    for receiver in config.notify:
        where = f"notify {receiver.name}"
        if isinstance(receiver, Slack):
            yield from _about_slack(receiver, where)
        if isinstance(receiver, Webhook) and receiver.secret and not receiver.secret_file:
            yield _inline(where, "secret")
        if isinstance(receiver, SlackBot) and receiver.token_file is None:
            yield _inline(where, "token")
        if isinstance(receiver, Apprise) and not receiver.urls_file:
            yield _inline(where, "urls")
        if isinstance(receiver, PagerDuty) and receiver.routing_key_file is None:
            yield _inline(where, "routing_key")


def _about_slack(receiver: Slack, where: str) -> Iterator[Problem]:
    host = urlsplit(receiver.webhook_url.get_secret_value()).hostname if receiver.webhook_url else None
    if host is None or host in _LOOPBACK:
        return
    if host not in SLACK_HOSTS:
        yield Problem(where, f"{host} is not Slack", "leave it if a proxy passes the messages on")
    if receiver.webhook_url_file is None:
        yield _inline(where, "webhook_url")


def _inline(where: str, key: str) -> Problem:
    return Problem(
        where,
        f"`{key}` stands in the configuration, where all its readers see it",
        f"put it into a file of its own and name that under `{key}_file`",
    )
