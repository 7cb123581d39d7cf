"""Why a row or a value is not simply what the file says: the words of the ledger.

`QUARANTINED`: the row could not be read and lies in `quarantined/` byte for byte.
`REPAIRED`: the row was mended and lies in `repaired/` as it was and as it is.
`UNREAD`: the value could not be read, is null, and lies in `values/` as it was.
`NOTED`: the value was read and is kept; the row is named in `values/`.
`COUNTED`: the value was read and is kept; too common to name every row, so the ledger counts the
forms in which it came.
"""

QUARANTINED = {
    "too_few_fields": "the line has fewer fields than the header",
    "no_alignment": "the line has more fields than the header, and no way to take tabs out fits",
    "several_alignments": "more fields than the header, and several ways to take tabs out fit",
    "no_key": "a value that the row needs to be told by is blank or cannot be read",
    "too_long": "the line is longer than any row can be",
}
REPAIRED = {
    "shifted": "a tab too many had moved values to the right; only one way to put them back fits",
    "nul_bytes": "NUL bytes were taken out",
    "spare_tabs": "empty fields past the last column were dropped",
}
UNREAD = {
    "not_a_number": "not a whole number",
    "out_of_range": "a number no such column can hold",
    "not_a_date": "not a day of the calendar, written YYYY-MM-DD HH:MM:SS.mmm",
    "sentinel_date": "a day that stands for no day (1900-01-01, 2099-12-31 and their like)",
    "implausible_date": "a day before such records begin, or later than it can be known",
    "not_a_month": "not a month written M/YYYY",
    "not_a_time": "not a time of day written HHMM, or zero",
    "ambiguous_time": "before six o'clock: morning or afternoon cannot be told",
    "not_money": "not an amount of dollars",
    "not_a_flag": "neither 0 nor 1",
    "not_a_guid": "not 8-4-4-4-12 hexadecimal digits",
}
NOTED = {
    "not_utf8": "bytes that are not UTF-8, read as Windows-1252",
    "time_dropped": "a day that came with a time of day",
    "unknown_code": "a code that its lookup does not have",
    "orphan": "the row it refers to is not in the release",
    "duplicate_key": "an earlier line has the same key",
    "repeated": "an earlier line says the same",
    "out_of_order": "dates that should follow each other do not",
}
COUNTED = {
    "padded": "blanks at the end, taken off",
    "letter_case": "another letter case of a code where case does not matter",
    "quoted": "a quotation mark, kept as it is",
}
