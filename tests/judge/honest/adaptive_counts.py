# Counts every batch once it has been scored.
# rule: none
# track: adaptive
# isolated: no

from base_entry import Adaptive

load = Adaptive
