# Is entered as a fixed entry, but has a learn that counts.
# rule: R08, R01
# track: fixed

from base_entry import Adaptive

load = Adaptive
