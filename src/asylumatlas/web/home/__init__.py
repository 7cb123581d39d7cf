"""The first page: one picture of the system and three questions."""
