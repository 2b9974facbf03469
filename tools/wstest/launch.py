# Starts the Autobahn test suite (Python 2.7). Its servers would listen on all interfaces: here, on the loopback.
import autobahntestsuite  # chooses the reactor, so it comes first
from twisted.internet import tcp

listen = tcp.Port.__init__


def listen_on_loopback(self, port, factory, backlog=50, interface='', reactor=None):
    listen(self, port, factory, backlog, interface or '127.0.0.1', reactor)


tcp.Port.__init__ = listen_on_loopback

from autobahntestsuite import wstest

wstest.run()
