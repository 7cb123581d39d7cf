"""From counts to rows: one module for each kind of statistic, and what they share.

Every module has one function, ``rows(asked, counts)``, which returns the rows of one log. It sees
counts and nothing else, so shards, engines and worlds make no difference to it.
"""
