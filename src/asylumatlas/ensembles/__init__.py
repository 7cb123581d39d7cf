"""Work in pieces, on one machine or many: the same results in the same order, nothing done twice.

What a piece does is the caller's: a pure function of its argument. This room sends pieces to
processes, to an executor or to a Dask cluster, sends them again when a worker dies, and keeps
finished ones in a journal, so that work that was stopped goes on where it stopped.
"""

from asylumatlas.ensembles.failure import EnsembleError, Stopped
from asylumatlas.ensembles.journal import Journal
from asylumatlas.ensembles.pieces import pieces

__all__ = ["EnsembleError", "Journal", "Stopped", "pieces"]
