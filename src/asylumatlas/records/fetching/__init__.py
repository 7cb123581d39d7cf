"""The download of the published release: resuming, and telling when it has changed."""
