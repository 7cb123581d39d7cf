"""Made-up releases of court records, in the exact format of the real ones.

Everything in such a release is simulated: no real person, judge or case is in it. It is there to
try the program on, and to test the import against a known truth.
"""

from asylumatlas.sim.compilation import use_cache
from asylumatlas.synthetic.archive import WritingError
from asylumatlas.synthetic.release import SynthesisError, Synthesized, synthesize

__all__ = ["SynthesisError", "Synthesized", "WritingError", "synthesize"]

use_cache()
