"""What every test needs of its surroundings."""

import signal

# A shell ignores Ctrl-C for what it runs in the background, and so would every process the tests
# start: those that are sent one would never stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
