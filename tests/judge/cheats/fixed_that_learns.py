# Is entered as a fixed entry, but has a learn that counts.
# rule: R07, R08, R01
# track: fixed

from base_entry import Adaptive

load = Adaptive
