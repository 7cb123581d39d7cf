"""Pictures that the server draws as SVG: the process with its counts, and the map.

They hold no style of their own and no script, so that the page's policy may forbid both.
"""
