"""Scenario to log: a generic day-stepped kernel, the rules that feed it, and its runs."""
