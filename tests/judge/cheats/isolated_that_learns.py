# Declares that documents do not depend on one another, and counts them all.
# rule: R08
# track: adaptive
# isolated: yes

from base_entry import Adaptive

load = Adaptive
