"""What other tools are given: rules, dashboards, schemas. Text and JSON go out; nothing is read."""
