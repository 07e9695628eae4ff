# Raises an exception that clears the reader's terminal and says that it is valid.
# rule: R17
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        raise ValueError("\x1b[2J\x1b[H\x1b[32mpass\x1b[0m </script><script>alert(1)</script> \u202e\x00\x07")
        yield


def load():
    return Entry()
