"""What a mistyped word probably meant: the "Did you mean" half of an error line."""

from collections.abc import Iterable

__all__ = ["did_you_mean"]

LONGEST = 200  # characters of a word; comparing longer ones would take for ever


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the closest known word, as a sentence to append to an error line.

    Args:
        word: The word that was not found.
        known: The words that would have been accepted.

    Returns:
        ``' Did you mean "x"?'`` with a leading space, or an empty string when nothing is close.

    Example:
        >>> did_you_mean("sorce", ["source", "value"])
        ' Did you mean "source"?'
    """
    if len(word) > LONGEST:
        return ""
    from difflib import get_close_matches  # only when something is wrong: keeps imports cheap

    short = [each for each in known if len(each) <= LONGEST]
    close = get_close_matches(word, short, n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""
