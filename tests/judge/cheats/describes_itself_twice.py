# Sends a second, better description of itself behind the first.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    @property
    def batch_documents(self):
        pipes().answer("description", vocab_size=257, end_of_document=256, batch_documents=4, adaptive=False)
        return 4


def load():
    return Entry()
