"""Parameters of the asylum process: dated, ranged, and sourced or plainly marked as assumed.

Each TOML file beside this module is one subject; ``[denied_share.HND]`` in ``court.toml`` is the
parameter ``court.denied_share.HND``. A published value names its source in ``evidence``; an
assumed value says why its range was chosen, and has no source.

Example:
    >>> from datetime import date
    >>> from asylumatlas import parameters
    >>> defaults = parameters.load()
    >>> defaults["port.san_ysidro.caravan_intake"].at(date(2018, 5, 3)).value
    70.0
"""

from asylumatlas.parameters.parameter import Dated, Parameter, ParameterError, draw
from asylumatlas.parameters.reading import find, load

__all__ = ["Dated", "Parameter", "ParameterError", "draw", "find", "load"]
