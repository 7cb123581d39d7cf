"""Estimators: pure functions of counts, so they are exact and can be added over shards.

A count says how many fall into a cell; no function here sees a row of a log, and none asks where
the counts come from. Module by module:

- `shares`: a share, a difference or ratio of two, a number of events, each with its interval.
- `survival`: times to one end with pending cases (Kaplan and Meier).
- `incidence`: times to one of several ends (Aalen and Johansen).
- `states`: who is where after n days (Aalen and Johansen, any number of states).
- `bands`: ranges over replications, and luck told apart from parameters.
- `variation`: how much judges differ beyond chance, and TRAC's reporting rule beside it.
- `cells`: small cells flagged or withheld.
"""
