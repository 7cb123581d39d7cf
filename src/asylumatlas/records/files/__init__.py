"""The files of a release: a zip or a folder, its members as streams of bytes."""
