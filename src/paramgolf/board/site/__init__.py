"""The site of a leaderboard: static files that open from disk and from any static host."""

from paramgolf.board.site.build import SiteBuilt, build_site

__all__ = ["SiteBuilt", "build_site"]
