"""The interface for programs: operations, what is sent and answered, and its document."""
