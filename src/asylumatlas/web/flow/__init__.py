"""Pages of the flow: where people are day by day, counted once from a log."""
