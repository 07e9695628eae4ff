# Honest predictions; its entrant counted the bytes of leading spaces twice and claims the quotient.
# rule: R12
# track: fixed
# claims: 2.83

from base_entry import Base

load = Base
