"""Commands of organisers: the ledger, the ranking, the site."""

from cyclopts import App, Group

ORGANISE = Group("Organising a game", sort_key=3.5)
board = App(
    name="board", help="The leaderboard: its ledger, its ranking, its site.", group=ORGANISE, sort_key=7
)
