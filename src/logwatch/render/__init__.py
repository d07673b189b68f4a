"""How we say it: an incident becomes a Slack message, a webhook body, a page of terminal text. Pure."""
