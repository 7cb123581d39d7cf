"""Runs that readers ask for: kept in a table, done one after the other by processes of their own.

    orders      what can be asked for, read strictly, and the id it is stored under
    store       the table of jobs
    folders     the results on the disk: whole or not there, and no more than fit
    processes   a run in a process of its own, as the server sees it
    worker      the same process from inside
    service     who begins, watches and ends them
    pages       what readers see of it

A job's id is made of what was asked, so that what two readers ask for is done once. A server that
is stopped or killed goes on where it was when it starts again.
"""
