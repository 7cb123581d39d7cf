"""The stats command: what a reader sees, what machines get, and one line where it cannot be."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asylumatlas.cli import main
from asylumatlas.stats import ask, statistics

from ..stats.small_logs import Case, decided, write

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., str]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cases = [
        *decided(43, 57, judge="J1"),
        *decided(20, 30, nationality="SLV", judge="J2"),
        *decided(1, 2, nationality="GTM", kind="unaccompanied_child"),
        *[Case()] * 20,
    ]
    return write(tmp_path_factory.mktemp("records") / "records", cases)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cases = [c for w, n in enumerate((2, 4, 7)) for c in decided(10 - n, n, world=w)]
    cases.append(Case("asylum_granted", nationality="SLV", world=1))
    meter = {"meter": "bed.days", "label": "Beds used", "place": "", "unit": "days"}
    meters = [meter | {"amounts": [1234567.8, 2.0, 3.0]}]
    base = tmp_path_factory.mktemp("run")
    return write(base / "run", cases, worlds=3, draws=[0, 1, 2], meters=meters)


@pytest.fixture
def answer(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """What the command prints, in so many columns."""

    def told(*words: object, width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        assert main(["stats", *map(str, words)]) == 0
        return capsys.readouterr().out

    return told


def line(text: str, start: str) -> str:
    """The line that starts so, blanks squeezed."""
    (found,) = [" ".join(one.split()) for one in text.splitlines() if one.strip().startswith(start)]
    return found


# ---- the screen


def test_the_figure_comes_first_and_says_what_it_is_of(log: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", log, "--by", "nationality")
    words = " ".join(text.split())
    assert "Counted: decisions that deny asylum; of: decisions that grant or deny asylum." in words
    assert line(text, "nationality") == "nationality share 95 % interval counted of flag"
    assert line(text, "HND Honduras").startswith("HND Honduras 57.0 % 47.2 to 66.3 % 57 100")
    assert line(text, "GTM Guatemala").endswith("small")
    assert line(text, "all") == "all 58.2 % 89 153"
    assert "small: fewer than 25 cases" in text
    assert "Source: records (made up by a test), as of 2018-01-01" in text
    assert text.count("made up by a test") == 1


def test_what_counts_are_of_stands_over_them(log: Path, answer: Answer) -> None:
    text = answer("receipts", log, "--by", "kind")
    assert line(text, "kind") == "kind cases flag"
    assert line(text, "unaccompanied child").split()[2] == "3"
    assert line(text, "all") == "all 173"


def test_the_screen_says_what_the_figures_are_limited_to(log: Path, answer: Answer) -> None:
    words = ("--where", "nationality=honduras", "--from", "FY2016", "--to", "FY2016")
    text = answer("asylum_denial_rate", log, *words)
    said = "Only: nationality HND Honduras; FY2016 (2015-10-01 to 2016-09-30)."
    assert said in " ".join(text.split())
    assert text.index("Definition trac") < text.index("Only: ") < text.index("57.0 %")
    assert "Only:" not in answer("asylum_denial_rate", log)
    assert "only nationality HND Honduras" in answer("asylum_denial_rate", log, *words, "--cite")


def test_nine_judges_in_ten_stand_in_one_column(tmp_path: Path, answer: Answer) -> None:
    apart = [*decided(90, 10, judge="J1"), *decided(10, 90, judge="J2")]
    text = answer("judge_variation", write(tmp_path / "apart", apart), width=160)
    head, row = line(text, "spread, points"), line(text, "33.0")
    assert "90 % of judges" in head
    assert re.search(r" \d\.\d to 9\d\.\d % <0.001 ", row)
    assert "90 % of judges: from where to where nine in ten" in " ".join(text.split())
    assert "none found" not in text


def test_judges_who_do_not_differ_have_no_spread(tmp_path: Path, answer: Answer) -> None:
    alike = [case for name in ("J1", "J2", "J3") for case in decided(50, 50, judge=name)]
    text = answer("judge_variation", write(tmp_path / "alike", alike), width=160)
    assert line(text, "none found").startswith("none found 3 300 50.0 % - 1.000")
    assert "50.0 to 50.0" not in text


def test_definitions_are_told_apart(log: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", log, "--definition", "trac,eoir")
    assert "Definition trac: " in text
    assert "Not counted by eoir: Cases without an asylum application." in text
    assert line(text, "trac  ").endswith("89 153")


def test_a_sum_is_no_line_of_several_worlds(worlds: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", worlds, "--by", "nationality")
    assert "95 % of worlds" in text
    assert not [one for one in text.splitlines() if one.strip().startswith("all ")]
    assert "its own over the worlds" in " ".join(text.split())
    assert line(text, "SLV El Salvador").endswith("1 small")  # the worlds that have one


def test_withheld_cells_give_no_sum(log: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", log, "--by", "nationality", "--suppress", "10")
    assert "GTM Guatemala" in text
    assert text.count("withheld ") >= 2
    assert not [one for one in text.splitlines() if one.strip().startswith("all ")]


def test_a_difference_of_shares_is_in_points(log: Path, worlds: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", log, worlds, width=120)
    assert "difference, points" in text
    assert " -21.8 " in line(text, "run")
    assert "not paired" in text


def test_a_flow_lays_its_days_side_by_side(log: Path, answer: Answer) -> None:
    text = answer("flow", log)
    head = line(text, "stage")
    assert head.startswith("stage 0 d 30 d 90 d 180 d 365 d")
    for stage, share in (("court", "11.6"), ("protected", "37.0"), ("removal", "51.4")):
        assert line(text, stage).split()[-1] == share  # 20, 64 and 89 of 173


def test_amounts_are_called_by_their_names(worlds: Path, answer: Answer) -> None:
    text = answer("cost", worlds, "--replications", "0")
    assert line(text, "Beds used") == "Beds used days 1,234,568"


@pytest.mark.parametrize("name", list(statistics()))
@pytest.mark.parametrize("by", ["", "kind", "fiscal_year", "nationality,kind"])
def test_nothing_is_wider_than_the_screen(
    log: Path, worlds: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str, by: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for logs in ([log], [worlds]):
        words = ["stats", name, *map(str, logs), *(["--by", by] if by else [])]
        code = main(words)
        said = capsys.readouterr()
        assert code in (0, 1, 2)
        assert (said.err.count("\n") == 1) == (code != 0)
        assert max(map(len, said.out.splitlines()), default=0) <= 80


def test_an_empty_answer_says_why(log: Path, answer: Answer) -> None:
    text = answer("asylum_denial_rate", log, "--where", "nationality=ABW")
    assert "Nothing in records is counted with where.nationality=ABW." in text


# ---- for machines


def test_csv_and_json_keep_codes(log: Path, answer: Answer) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(answer("receipts", log, "--by", "nationality", "--format", "csv"))
        )
    )
    assert [row["nationality"] for row in rows] == ["GTM", "HND", "SLV"]
    told = json.loads(answer("receipts", log, "--by", "nationality", "--format", "json"))
    assert [row["nationality"] for row in told["rows"]] == ["GTM", "HND", "SLV"]
    assert told["labels"]["nationality"]["GTM"] == "Guatemala"
    assert told == json.loads(json.dumps(ask("receipts", log, by="nationality").to_dict()))


def test_days_are_text_in_json(log: Path, answer: Answer) -> None:
    told = json.loads(answer("pending", log, "--to", "2016-05-01", "--format", "json"))
    assert told["rows"][0]["date"] == "2016-05-01"


def test_the_catalogue_is_a_list(answer: Answer) -> None:
    told = json.loads(answer("--format", "json"))["statistics"]
    assert len(told) == len(statistics())
    for one in told:
        assert {"name", "question", "definitions", "default", "by"} <= set(one)


def test_a_file_is_written_in_the_format_of_its_name(
    log: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ["stats", "receipts", str(log), "--by", "kind", "--out"]
    table = ask("receipts", log, by="kind")
    for name in ("a.csv", "a.json", "a.parquet", "a.txt"):
        assert main([*words, str(tmp_path / name)]) == 0
        said = capsys.readouterr()
        assert said.out == ""
        first, *more = said.err.splitlines()
        assert first == f"{tmp_path / name}: 2 rows"
        assert [one.split(": ")[0] for one in more] == (
            [str(tmp_path / "a.metadata.json")] if name == "a.csv" else []
        )
    about = json.loads((tmp_path / "a.metadata.json").read_text())
    assert about == {key: value for key, value in table.to_dict().items() if key != "rows"}
    assert (tmp_path / "a.csv").read_bytes() == table.to_csv().encode()
    assert json.loads((tmp_path / "a.json").read_text())["fingerprint"] == table.fingerprint
    assert (tmp_path / "a.txt").read_text().startswith("Cases received by the courts\n")


def test_shards_are_counted_apart_and_added(log: Path, tmp_path: Path, answer: Answer) -> None:
    other = write(tmp_path / "other", decided(1, 4))
    files = [str(tmp_path / f"{n}.parquet") for n in range(2)]
    for file, shard in zip(files, (log, other), strict=True):
        assert answer("asylum_denial_rate", shard, "--counts", file) == ""
    text = answer("asylum_denial_rate", *files, "--add", "--format", "json")
    assert json.loads(text)["rows"][0]["denominator"] == 158


def test_queries_and_citations_stand_alone(log: Path, answer: Answer) -> None:
    assert answer("receipts", "--sql", "postgres").startswith("-- statistic receipts")
    assert "definition eoir" in answer(
        "asylum_denial_rate", "--sql", "duckdb", "--definition", "all"
    )
    assert answer("receipts", log, "--cite").startswith("Asylum Atlas ")


def test_a_reader_who_leaves_is_no_failure(log: Path) -> None:
    words = [sys.executable, "-m", "asylumatlas", "stats", "receipts", str(log), "--format", "csv"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout
    assert running.stderr
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(60) == 0
    running.stderr.close()


# ---- what cannot be


WRONG = {
    "--by kind": "--by: name a statistic and a log first",
    "--format csv": "the catalogue is printed as table or json",
    "receipts --by kind": "--by: name a log first",
    "recepts": 'unknown statistic "recepts". Did you mean "receipts"?',
    "LOG receipts": "the statistic comes first: asylumatlas stats receipts LOG",
    "LOG receipts LOG2": "the statistic comes first: asylumatlas stats receipts LOG LOG2",
    "LOG": "the statistic comes first: asylumatlas stats STATISTIC LOG",
    "nothing LOG": 'unknown statistic "nothing". `asylumatlas stats` lists them.',
    "receipts LOG --out x.xlsx": "x.xlsx: write .csv (spreadsheets open it), .json, .parquet or",
    "receipts LOG --out x": "--out x: write .csv",
    "receipts LOG --out x.csv --chart x.metadata.json": "is written beside the CSV file",
    "receipts LOG --where nationality=Hondurs": 'Did you mean "HND" (Honduras)?',
    "receipts LOG --by country": 'Did you mean "nationality"?',
    "receipts LOG --format jsn": 'Did you mean "json"?',
    "receipts LOG --by knd": 'Did you mean "kind"?',
    "receipts LOG --definition initail": 'Did you mean "initial"?',
    "receipts LOG --format parquet": "Name a file: --out FILE",
    "receipts LOG --cite --sql duckdb": "--sql and --cite: ask for one at a time",
    "receipts LOG --sql duckdb --format csv": "--format changes nothing of --sql",
    "receipts LOG --sql duckdbb": 'Did you mean "duckdb"?',
    "receipts LOG --counts x.parquet --chart x.svg": "--chart changes nothing of --counts",
    "receipts LOG LOG --counts x.parquet": "name one log, or one shard",
    "receipts LOG --replace": "--replace: nothing is written",
    "receipts LOG --chart x.gif": "write .png, .svg, .html or .json as its ending",
    "receipts LOG --out x.json --chart x.json": "is the file of --out too",
    "receipts LOG --replications some": "unknown word",
    "receipts LOG --suppress -1": "suppress: -1 is no whole number",
    "receipts LOG LOG": "given twice",
    "cost LOG --from 2016": "meters have no dates",
}
FAILED = {
    "receipts NOWHERE": "no such folder",
    "receipts LOG --out NOWHERE/x.csv": "Make it first.",
    "receipts LOG --out LOG": "is a folder. Name the file",
    "receipts LOG --out THERE": "exists already. Name another file, or replace it: --replace.",
    "receipts LOG --by language": "needs cases.language, which this log has not: ask without",
    "representation_at_decision LOG": "which this log has not: ask by another definition",
}


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [(w, s, 2) for w, s in WRONG.items()] + [(w, s, 1) for w, s in FAILED.items()],
)
def test_it_says_in_one_line_what_is_wrong(
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    words: str,
    said: str,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "there.csv"
    there.write_text("mine\n")
    places = {"LOG": str(log), "NOWHERE": str(tmp_path / "nowhere"), "THERE": str(there)}
    for name, place in places.items():
        words, said = words.replace(name, place), said.replace(name, place)
    assert main(["stats", *words.split()]) == code
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert there.read_text() == "mine\n"


def test_what_stands_beside_a_csv_file_is_not_lost(
    log: Path, tmp_path: Path, capsys: Capture
) -> None:
    beside = tmp_path / "x.metadata.json"
    beside.write_text("mine\n")
    assert main(["stats", "receipts", str(log), "--out", str(tmp_path / "x.csv")]) == 1
    assert f"{beside}: exists already" in capsys.readouterr().err
    assert beside.read_text() == "mine\n"
    assert not (tmp_path / "x.csv").exists()


def test_a_file_is_replaced_on_request(log: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "x.csv"
    file.write_text("mine\n")
    (tmp_path / "x.metadata.json").write_text("mine\n")
    assert main(["stats", "receipts", str(log), "--out", str(file), "--replace"]) == 0
    assert file.read_text().startswith("value,")
    assert json.loads((tmp_path / "x.metadata.json").read_text())["statistic"] == "receipts"


def test_a_picture_without_its_extra_says_so(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert main(["stats", "receipts", str(log), "--chart", str(tmp_path / "x.png")]) == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "asylumatlas[export]" in told.err
    assert not list(tmp_path.iterdir())
