# Counts of pairs of bytes.
# rule: none
# track: fixed

from base_entry import Base

load = Base
