"""What can go wrong in the national model."""

__all__ = ["LacksData", "NationalError"]


class NationalError(ValueError):
    """A value, name or period does not fit the national model; the message is one line."""


class LacksData(NationalError):
    """The published record holds no figure for what was asked; the message is one line."""
