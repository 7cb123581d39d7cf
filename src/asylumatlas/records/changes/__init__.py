"""What differs between two datasets: rows added, removed and changed, blocks that vanished."""
