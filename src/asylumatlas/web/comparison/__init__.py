"""Pages that set records, runs and published figures side by side."""
