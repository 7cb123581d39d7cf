"""The national court model: the published ledger, the mean-flow twin and the forecast.

Example:
    >>> from asylumatlas.national import flow
    >>> run = flow.simulate(flow.central(2018, 2), start=2018, months=24)
    >>> run.yearly("pending").shape
    (1, 2)
"""
