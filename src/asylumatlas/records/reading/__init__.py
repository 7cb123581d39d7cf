"""One file of a release, from bytes to typed Parquet with an account of every line."""
