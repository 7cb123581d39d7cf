"""Pages of the statistics: catalogue, one statistic, its choices and its files."""
