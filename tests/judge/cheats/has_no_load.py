# Forgot load().
# rule: R17, R02
# track: fixed

from base_entry import Base


class Entry(Base):
    pass
