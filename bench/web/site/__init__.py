"""The leaderboard as a static site: what ``bench leaderboard`` wrote, as pages that any host or file system serves."""
