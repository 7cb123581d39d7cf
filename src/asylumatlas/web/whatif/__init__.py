"""Pages of the what-ifs: scenarios, their numbers, what differs, and results."""
