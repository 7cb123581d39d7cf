"""Linear algebra on one thread."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread within: matrices are small, and the work is shared already.

    With a thread for each core, processes that share the cores wait for one another many times as
    long as they compute; and sums that threads share come out in other last digits elsewhere.
    Where scikit-learn, which brings the means, is missing, the threads stay as they are.
    """
    try:
        from sklearn.utils.parallel import ThreadpoolController
    except ImportError:
        return nullcontext()
    limit: AbstractContextManager[Any] = ThreadpoolController().limit(limits=1, user_api="blas")
    return limit
