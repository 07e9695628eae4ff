# Looks for the text on the network: the host's ports, the name service, a metadata address, abstract sockets.
# rule: none
# track: fixed

import socket

from tricks import Thief

PLACES = [("127.0.0.1", 8000), ("127.0.0.1", 22), ("192.0.2.1", 80), ("169.254.169.254", 80)]


class Entry(Thief):
    def search(self):
        for place in PLACES:
            try:
                with socket.create_connection(place, timeout=0.2) as connection:
                    connection.sendall(b"GET /validation.jsonl HTTP/1.0\r\n\r\n")
                    yield connection.recv(1_000_000)
            except OSError:
                continue
        try:
            yield repr(socket.getaddrinfo("localhost.example", 80)).encode()
            with socket.socket(socket.AF_UNIX) as local:
                local.connect("\0paramgolf")
                yield local.recv(1_000_000)
        except OSError:
            return


def load():
    return Entry()
