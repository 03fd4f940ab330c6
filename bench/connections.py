"""Holds connections for `cargo xtask bench idle`: `connections.py PORT COUNT [AUTHORITY]`.

With an authority they speak TLS. Each stage says its name when it is reached, and the
next begins with a line on standard input.
"""

import resource
import socket
import ssl
import sys

REQUEST = b"GET /lists HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"POST /lists/Bench?req=AddRecord HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 100
# So many are asked before the first of them is read.
TOGETHER = 100


def stage(name):
    print(name, flush=True)
    sys.stdin.readline()


port, count = int(sys.argv[1]), int(sys.argv[2])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
trusting = ssl.create_default_context(cafile=sys.argv[3]) if sys.argv[3:] else None
connections = []
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    if trusting:
        connection = trusting.wrap_socket(connection, server_hostname="localhost")
    connections.append(connection)
stage("silent")
for first in range(0, count, TOGETHER):
    some = connections[first : first + TOGETHER]
    for connection in some:
        connection.sendall(REQUEST)
    for connection in some:
        if not connection.recv(4096).startswith(b"HTTP/1.1 200 "):
            sys.exit("a request was not answered")
stage("answered")
stage("at rest")
for connection in connections:
    connection.sendall(HALF)
stage("half heads")
