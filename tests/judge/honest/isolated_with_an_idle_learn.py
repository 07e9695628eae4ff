# Has a learn that counts for its own log only, and declares that documents do not depend on one another.
# rule: none
# track: adaptive
# isolated: yes

from base_entry import Base


class Entry(Base):
    learned = 0

    def learn(self, batch):
        self.learned += len(batch)


def load():
    return Entry()
