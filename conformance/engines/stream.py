"""stream.py URL [COLUMNS ROWS]

The other end of an exec or attach of the Container Runtime Interface, which answers with a URL: a WebSocket (RFC 6455)
that speaks `v4.channel.k8s.io`, in which the first byte of each message is its channel. What is read from stdin goes
to the command, its stdout and stderr come out here, and the size of the terminal is told first. What the engine says
at the end about the exit status, JSON, is the last line on stderr.
"""

import json
import os
import socket
import struct
import sys
import threading
import urllib.parse

STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)
BINARY, CLOSE, PING = 2, 8, 9


def main(url, *size):
    parts = urllib.parse.urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port))
    lines = [
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: b3Jsb3BvcmxvcG9ybG9wIQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: v4.channel.k8s.io",
        "Origin: http://" + parts.netloc,
    ]
    connection.sendall("\r\n".join(lines + ["", ""]).encode())
    reader = connection.makefile("rb")
    answer = reader.readline()
    if b" 101 " not in answer:
        sys.exit(f"refused: {answer.decode().strip()}")
    while reader.readline().strip():
        pass
    if size:
        columns, rows = map(int, size)
        send(connection, RESIZE, json.dumps({"Width": columns, "Height": rows}).encode())
    threading.Thread(target=feed, args=(connection,), daemon=True).start()
    for channel, data in messages(reader):
        if channel == STDOUT:
            sys.stdout.buffer.write(data)
        elif channel == STDERR:
            sys.stderr.buffer.write(data)
        elif channel == STATUS:
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stderr.buffer.write(data + b"\n")


def feed(connection):
    while data := os.read(0, 4096):
        send(connection, STDIN, data)


def send(connection, channel, data):
    """A client masks what it sends; nothing asks that the mask be a secret here."""
    payload = bytes([channel]) + data
    length = len(payload)
    head = struct.pack("!BB", 0x80 | BINARY, 0x80 | min(length, 126))
    if length > 125:
        head = struct.pack("!BBH", 0x80 | BINARY, 0x80 | 126, length)
    connection.sendall(head + bytes(4) + payload)


def messages(reader):
    """Each message with its channel, until the engine closes. No message of the engine is in fragments."""
    while head := reader.read(2):
        kind, length = head[0] & 15, head[1] & 127
        if length == 126:
            (length,) = struct.unpack("!H", reader.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", reader.read(8))
        payload = reader.read(length)
        if kind == CLOSE:
            return
        if kind != PING and payload:
            yield payload[0], payload[1:]


main(*sys.argv[1:])
