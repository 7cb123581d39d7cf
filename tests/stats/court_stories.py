"""Stories of court cases, a line a thing, as the files of a release and back in words.

`golden/stories.txt` is what a person reads; this module writes it as EOIR's tables would hold it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asylumatlas.records.registry import tables

GOLDEN = Path(__file__).parent / "golden"
RELEASE = "EOIR Case Data 2019-0401"
AS_OF = "2019-04-01"

# DEC_CODE, OTHER_COMP, decision on the asylum application, ABSENTIA
DECISIONS = {
    "asylum_granted": ("R", "", "G", "N"),
    "asylum_denied": ("X", "", "D", "N"),
    "withholding_granted": ("E", "", "D", "N"),
    "other_relief": ("R", "", "W", "N"),
    "withdrawn": ("W", "", "W", "N"),
    "abandoned": ("X", "", "A", "N"),
    "removal_in_absentia": ("X", "", "A", "Y"),
    "removal_no_application": ("X", "", "", "N"),
    "removal_not_adjudicated": ("X", "", "M", "N"),
    "voluntary_departure": ("V", "", "", "N"),
    "terminated": ("T", "", "", "N"),
    "administratively_closed": ("", "A", "", "N"),
    "not_recorded": ("", "O", "", "N"),
    "affirmed": ("A", "", "", "N"),
    "vacated": ("V", "", "", "N"),
}
REASONS = {
    "held": "8B",
    "set": "17",
    "reserved": "RR",
    "blank": "",
    "continued by respondent": "01",
    "continued by government": "04",
    "continued by court": "13",
    "continued by other": "45",
    "postponed by respondent": "22",
    "postponed by court": "34",
}
BOARD = {"dismissed": "DIS", "sustained": "SUS", "remanded": "REM", "withdrawn": "WDL"}
SHORT = {"granted": "G", "denied": "D", "not_recorded": "A"}
NATIONALITIES = {"HND": "HO", "GTM": "GT", "SLV": "ES", "MEX": "MX", "CHN": "CH"}
LANGUAGES = {"CHN": "MAN"}
REVIEWS = {"fear finding": "CFR", "reasonable-fear finding": "RFR"}
WOMEN = ("woman", "girl")


@dataclass
class Case:
    """One case as told."""

    number: int
    nationality: str
    words: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    @property
    def case_type(self) -> str:
        for words, code in sorted(REVIEWS.items(), reverse=True):
            if f"review of a {words}" in self.words:
                return code
        return "RMV"


def stories(path: Path = GOLDEN / "stories.txt") -> list[Case]:
    """The cases of a file of stories."""
    cases: list[Case] = []
    for line in path.read_text("utf-8").splitlines():
        text = line.strip()
        if text.startswith("case "):
            head, _, rest = text.partition(": ")
            nationality, _, words = rest.partition(", ")
            cases.append(Case(int(head.split()[1]), nationality, words))
        elif text and not text.startswith("#"):
            day, _, what = text.partition(" ")
            cases[-1].lines.append((day, what))
    return cases


def day(text: str) -> str:
    return f"{text} 00:00:00.000"


class Court:
    """Writes down what happens, case by case, in the tables of the court."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.case: Case
        self.proceeding: dict[str, str] = {}
        self.waiting: list[dict[str, str]] = []

    def add(self, table: str, key: str, **row: str) -> dict[str, str]:
        """A row with the next key of its table."""
        row[key] = str(1000 * (list(tables()).index(table) + 1) + len(self.rows[table]) + 1)
        self.rows[table].append(row)
        return row

    def write(self, case: Case) -> None:
        """A case: its own row, then what happens in it."""
        self.case, self.proceeding, self.waiting = case, {}, []
        number = str(case.number)
        row = {
            "IDNCASE": number,
            "NAT": NATIONALITIES[case.nationality],
            "LANG": LANGUAGES.get(case.nationality, "SP"),
            "CASE_TYPE": case.case_type,
            "Sex": "F" if case.words.split(",")[0] in WOMEN else "M",
            "C_ASY_TYPE": "I" if "affirmative" in case.words else "E",
        }
        self.rows["A_TblCase"].append(row)
        if "came alone" in case.words:
            self.add("tbl_JuvenileHistory", "idnJuvenileHistory", idnCase=number, idnJuvenile="4")
        if "rides with case" in case.words:
            lead = case.words.rpartition(" ")[2]
            self.add(
                "tbl_Lead_Rider",
                "idnLeadRider",
                idnLeadCase=lead,
                idnRiderCase=number,
                blnActive="1",
            )
        for when, what in case.lines:
            self.happens(when, what)

    def happens(self, when: str, what: str) -> None:
        """One line of a story."""
        verb, _, rest = what.partition(" ")
        getattr(self, verb)(when, rest.removeprefix("asked ").removeprefix("back to "))

    def _open(self, when: str, court: str) -> None:
        self.proceeding = self.add(
            "B_TblProceeding",
            "IDNPROCEEDING",
            IDNCASE=self._number,
            CASE_TYPE=self.case.case_type,
            NAT=NATIONALITIES[self.case.nationality],
            BASE_CITY_CODE=court,
            OSC_DATE=day(self.case.lines[0][0] if self.case.case_type != "RMV" else self._charged),
            INPUT_DATE=day(when),
        )
        number = self.proceeding["IDNPROCEEDING"]
        for row in self.waiting:  # filed before there was a proceeding
            row["IDNPROCEEDING"] = number
        self.waiting = []
        mine = [row for row in self.rows["tbl_Court_Appln"] if row["IDNCASE"] == self._number]
        for when in dict.fromkeys(row["APPL_RECD_DATE"] for row in mine):
            if all(row.get("IDNPROCEEDING") != number for row in mine):
                self._application(when)  # every proceeding has a row of the same claim

    @property
    def _charged(self) -> str:
        return next(when for when, what in self.case.lines if what.startswith("charged"))

    @property
    def _number(self) -> str:
        return str(self.case.number)

    @property
    def _of(self) -> dict[str, str]:
        found = {"IDNCASE": self._number}
        if self.proceeding:
            found["IDNPROCEEDING"] = self.proceeding["IDNPROCEEDING"]
        return found

    def charged(self, when: str, court: str) -> None:
        self._open(when, court)

    arrives = reopened = recalendared = sent = charged

    def review(self, when: str, rest: str) -> None:
        if " " not in rest:
            self._open(when, rest)
        else:
            self.decision(when, rest)

    def moves(self, when: str, _: str) -> None:
        self.proceeding |= {"COMP_DATE": day(when), "OTHER_COMP": "C"}

    def lawyer(self, when: str, rest: str) -> None:
        board = rest == "before the Board"
        self.add(
            "tbl_RepsAssigned",
            "IDNREPSASSIGNED",
            IDNCASE=self._number,
            STRATTYTYPE="ALIEN",
            STRATTYLEVEL="BOARD" if board else "COURT",
            BASE_CITY_CODE="" if board else self.proceeding["BASE_CITY_CODE"],
            **{"E_27_DATE" if board else "E_28_DATE": day(when)},
        )

    def applies(self, when: str, _: str) -> None:
        row = self._application(day(when))
        if not self.proceeding:
            self.waiting.append(row)

    def _application(self, received: str) -> dict[str, str]:
        return self.add(
            "tbl_Court_Appln",
            "IDNPROCEEDINGAPPLN",
            **self._of,
            APPL_CODE="ASYL",
            APPL_RECD_DATE=received,
        )

    def _hearing(self, when: str, rest: str, calendar: str) -> None:
        judge, _, how = rest.partition(" ")
        self.add(
            "tbl_schedule",
            "IDNSCHEDULE",
            **self._of,
            CAL_TYPE=calendar,
            ADJ_DATE=day(when),
            ADJ_RSN=REASONS[how],
            BASE_CITY_CODE=self.proceeding["BASE_CITY_CODE"],
            IJ_CODE=judge,
        )

    def master(self, when: str, rest: str) -> None:
        self._hearing(when, rest, "M")

    def individual(self, when: str, rest: str) -> None:
        self._hearing(when, rest, "I")

    def decision(self, when: str, rest: str) -> None:
        rest, _, appeal = rest.partition(", ")
        judge, outcome = rest.split()
        decided, other, asylum, absent = DECISIONS[outcome]
        self.proceeding |= {
            "COMP_DATE": day(when),
            "DEC_CODE": decided,
            "OTHER_COMP": other,
            "ABSENTIA": absent,
            "IJ_CODE": judge,
            "APPEAL_RSVD": "B" if appeal else "",
        }
        for row in self.rows["tbl_Court_Appln"]:
            if row.get("IDNPROCEEDING") == self.proceeding["IDNPROCEEDING"]:
                row["APPL_DEC"] = asylum

    def appeal(self, when: str, how: str) -> None:
        if how == "filed":
            self.add(
                "tblAppeal",
                "idnAppeal",
                idncase=self._number,
                idnProceeding=self.proceeding["IDNPROCEEDING"],
                strAppealType="Case Appeal",
                datAppealFiled=day(when),
            )
        else:
            self.rows["tblAppeal"][-1] |= {
                "datBIADecision": day(when),
                "strBIADecision": BOARD[how],
            }

    def motion(self, when: str, how: str) -> None:
        if how == "filed":
            self.add(
                "tbl_Court_Motions",
                "IDNMOTION",
                **self._of,
                REC_TYPE="O",
                MOTION_RECD_DATE=day(when),
                BASE_CITY_CODE=self.proceeding["BASE_CITY_CODE"],
            )
        else:
            self.rows["tbl_Court_Motions"][-1] |= {"COMP_DATE": day(when), "DEC": SHORT[how]}

    def bond(self, when: str, rest: str) -> None:
        judge, how = rest.split()
        self.add(
            "D_TblAssociatedBond",
            "IDNASSOCBOND",
            **self._of,
            DEC=SHORT[how],
            COMP_DATE=day(when),
            BASE_CITY_CODE=self.proceeding["BASE_CITY_CODE"],
            IJ_CODE=judge,
        )

    def detained(self, when: str, _: str) -> None:
        self.add(
            "tbl_CustodyHistory",
            "IDNCUSTODY",
            IDNCASE=self._number,
            CUSTODY="D",
            DATDETAINED=day(when),
        )

    def released(self, when: str, _: str) -> None:
        self.rows["tbl_CustodyHistory"][-1]["DATRELEASED"] = day(when)


def release_rows(cases: list[Case]) -> Mapping[str, list[dict[str, str]]]:
    """The rows of each table of the release that these cases make."""
    court = Court()
    for case in cases:
        court.write(case)
    return court.rows


def write_release(place: Path, cases: list[Case]) -> Path:
    """The release as a folder of tab-separated files with CRLF, as the court publishes it."""
    folder = place / RELEASE
    (folder / "Lookup").mkdir(parents=True)
    rows = release_rows(cases)
    for name, some in rows.items():
        columns = [column.name for column in tables()[name].columns]
        assert {key for row in some for key in row} <= set(columns), name
        lines = ["\t".join(columns)]
        lines += ["\t".join(row.get(column, "") for column in columns) for row in some]
        path = folder / ("" if tables()[name].kind == "main" else "Lookup") / f"{name}.csv"
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    counts = "".join(f"{name}\t{len(some)}\r\n" for name, some in rows.items())
    (folder / "Count.txt").write_bytes(counts.encode())
    (folder / "Readme.txt").write_text("Made up; written by a test. Nobody in it is real.")
    return folder
