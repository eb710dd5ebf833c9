"""Tables in: what is read, and the sentence for what cannot be."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from ogive.errors import BadData
from ogive.study.tables import BUILT_IN, read, rows

FRAME = pd.DataFrame({"a": [1.5, 2.0, 3.0], "b": ["x", "y", None], "y": [0, 1, 0]})


def _refused(data: Any, target: str | None, *said: str) -> str:
    """The sentence with which ``data`` is refused; every part of ``said`` is in it."""
    with pytest.raises(BadData) as caught:
        read(data, target)
    sentence = str(caught.value)
    for part in said:
        assert part in sentence
    assert "\n" not in sentence
    assert "; " in sentence or ", " in sentence
    return sentence


def _write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sets(name: str) -> None:
    table = read(name)
    assert table.name == name
    assert table.target == BUILT_IN[name]
    assert table.target in table.frame.columns
    assert len(table.frame) > 100
    assert rows(name).equals(table.frame)


def test_built_in_classes_are_named() -> None:
    assert set(read("iris").frame["species"]) == {"setosa", "versicolor", "virginica"}
    assert set(read("digits").frame["digit"]) == set(range(10))


def test_another_column_of_a_built_in_set() -> None:
    assert read("wine", "alcohol").target == "alcohol"
    _refused("wine", "alcool", "the built-in set wine has no column 'alcool'", "alcohol")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv(tmp_path: Path, separator: str, mark: bytes, end: str) -> None:
    lines = ["a,b,ÿ", "1,x,0", "2.5,,1", '3,"u v",0']
    text = end.join(line.replace(",", separator) for line in lines) + end
    path = _write(tmp_path, "t.csv", mark + text.encode())
    table = read(str(path), "ÿ")
    assert list(table.frame.columns) == ["a", "b", "ÿ"]
    assert table.frame["a"].tolist() == [1, 2.5, 3]
    assert table.frame["b"].isna().tolist() == [False, True, False]
    assert table.name == "t"


def test_csv_with_quoted_separators_blank_lines_and_spaces(tmp_path: Path) -> None:
    text = '"a;1", b,y\n\n1, yes,0\n2,no,"1"\n3,"x, z",1\n'
    frame = read(_write(tmp_path, "t.csv", text), "y").frame
    assert list(frame.columns) == ["a;1", "b", "y"]
    assert frame["b"].tolist() == ["yes", "no", "x, z"]


def test_only_an_empty_field_is_a_gap(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", "region,y\nNA,None\n,null\nEU,n/a\n")
    frame = read(path, "y").frame
    assert frame["y"].tolist() == ["None", "null", "n/a"]
    assert frame["region"].isna().tolist() == [False, True, False]
    assert frame["region"][0] == "NA"


def test_words_in_a_target_of_numbers_or_truths_are_gaps(tmp_path: Path) -> None:
    table = read(_write(tmp_path, "t.csv", "x,y\n1,0\n2,NA\n3,1\n4,n/a\n5,NA\n6,\n"), "y")
    assert table.frame["y"].tolist() == pytest.approx([0, np.nan, 1, *[np.nan] * 3], nan_ok=True)
    assert table.gaps == {"NA": 2, "n/a": 1}
    truths = read(_write(tmp_path, "t.csv", "x,y\n1,TRUE\n2,NA\n3,FALSE\n"), "y").frame["y"]
    assert [v for v in truths if v is not None] == [True, False]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a;b,c,d;y\n1;2,5;3\n4;5;6\n", ["a", "b,c,d", "y"]),
        ('name;"a,b,c,d";y\n1;2;3\n4;5;6\n', ["name", "a,b,c,d", "y"]),
        ("a|b|y\n1|x;z|3\n4|5;2|6\n", ["a", "b", "y"]),
        ("sep=;\na;y\n1;2\n", ["a", "y"]),
        ("a,b,y\r1,2,3\r4,5,6\r", ["a", "b", "y"]),
        (" a , b ,y \n1,2,3\n", ["a", "b", "y"]),
        ("a\n1\n", ["a"]),
    ],
)
def test_the_separator_cuts_every_line_alike(tmp_path: Path, text: str, columns: list[str]) -> None:
    assert list(rows(_write(tmp_path, "t.csv", text)).columns) == columns


def test_tab_separated_files(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.TSV", "a,b\ty\nu,v\t0\n1,x\t1\n")
    assert list(read(path, "y").frame.columns) == ["a,b", "y"]
    assert list(rows(_write(tmp_path, "c.tsv", "a,y\n1,2\n")).columns) == ["a", "y"]


def test_a_title_above_the_header(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", "My export\n\na,b,y\n1,2,3\n")
    _refused(path, "y", "3 fields in line 3", "or delete what stands above the header")
    short = _refused(_write(tmp_path, "t.csv", "sep=,\na,b,y\n1,2\n"), "y", "2 fields in line 3")
    assert "above the header" not in short


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    text = "a;b;c;y\n1,5;1,5;1.200,5;0,5\n-,25;$2;7;-1,0\n3;x;NA;NA\n"
    table = read(_write(tmp_path, "t.csv", text), "y")
    assert table.frame["a"].tolist() == [1.5, -0.25, 3]
    assert table.frame["b"].tolist() == ["1,5", "$2", "x"]  # not the whole column reads so
    assert table.frame["c"].tolist() == [1200.5, 7, "NA"]
    assert table.frame["y"].tolist() == pytest.approx([0.5, -1, np.nan], nan_ok=True)
    assert table.notes == ("The columns 'a', 'c' and 'y' were read with decimal commas.",)
    assert rows(tmp_path / "t.csv")["a"].tolist() == [1.5, -0.25, 3]
    quoted = read(_write(tmp_path, "t.csv", 'a,y\n"1,5",0\n"2,5",1\n'), "y")
    assert quoted.frame["a"].tolist() == ["1,5", "2,5"]


def test_names_lose_outer_spaces_everywhere(tmp_path: Path) -> None:
    frame = pd.DataFrame({" a": [1, 2], "y ": [0, 1]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (frame, tmp_path / "t.csv", tmp_path / "t.parquet"):
        assert list(read(data, " y").frame.columns) == ["a", "y"]
    assert list(read((frame[[" a"]], frame["y "])).frame.columns) == ["a", "y"]
    twice = pd.DataFrame({"a": [1, 2], "a ": [3, 4], "y": [0, 1]})
    _refused(twice, "y", "the table has 2 columns called 'a'")


def test_names_of_any_type_become_text() -> None:
    frame = pd.DataFrame({0: [1, 2], ("a", 1): [3, 4]})
    assert read(frame, 0).target == "0"  # type: ignore[arg-type]
    assert read(frame, ("a", 1)).target == "('a', 1)"  # type: ignore[arg-type]
    assert read(pd.DataFrame({"x": [1, 2], "self": [0, 1]}), "self").target == "self"
    assert read((pd.DataFrame({"x": [1, 2]}), [0, 1]), "self").target == "self"


def test_sparse_matrices() -> None:
    made = read((sparse.csr_matrix([[0, 1.5], [2, 0]]), sparse.csr_matrix([[1], [0]])))
    assert made.frame.to_numpy().tolist() == [[0, 1.5, 1], [2, 0, 0]]
    assert rows(sparse.coo_array(np.eye(2))).shape == (2, 2)
    large = sparse.csr_matrix((100_000, 1000))
    _refused((large, np.zeros(100_000)), None, "X is a sparse matrix of 100000 x 1000", "give few")


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ((None, [1]), "X is None, which is no table; give a DataFrame"),
        (({"a": [1]}, [1]), "X is of type dict, which is no table; give pandas.DataFrame(X)"),
        (("t", [1]), "X is of type str, which is no table; give a DataFrame"),
        (([[1]], None), "y is None, which is no list of values; give one value"),
        (([[1, 2], [3]], [1, 2]), "X has rows of different lengths; give every row"),
        (([[1], [3]], [1, [2]]), "y has rows of different lengths"),
    ],
)
def test_what_is_no_table(pair: Any, said: str) -> None:
    _refused(pair, None, said)
    if not said.startswith("y"):
        with pytest.raises(BadData, match=r"^X "):
            rows((pair[0],))


def test_markup_in_a_column_name_passes_untouched(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", "<b>x</b>,y\n1,0\n2,1\n")
    assert list(read(path, "y").frame.columns) == ["<b>x</b>", "y"]


def test_csv_that_is_not_utf8(tmp_path: Path) -> None:
    text = b"a,y\ncaf" + b"\xe9,1\n"
    said = ("'t.csv' is not UTF-8", "0xe9", "position 7", "save it as UTF-8")
    _refused(_write(tmp_path, "t.csv", text), "y", *said)
    marked = b"\xef\xbb\xbf" + text
    _refused(_write(tmp_path, "t.csv", marked), "y", "position 10")
    _refused(_write(tmp_path, "t.csv", "a,y\n1,2\n".encode("utf-16")), "y", "position 0")


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
@pytest.mark.parametrize("suffix", ["csv"])
def test_empty_file(tmp_path: Path, content: str, suffix: str) -> None:
    _refused(_write(tmp_path, f"t.{suffix}", content), "y", f"'t.{suffix}' is empty", "give a file")


@pytest.mark.parametrize("suffix", ["parquet", "npz"])
def test_empty_binary_file(tmp_path: Path, suffix: str) -> None:
    _refused(_write(tmp_path, f"t.{suffix}", ""), "y", "is empty", "give a file")


def test_header_only(tmp_path: Path) -> None:
    _refused(_write(tmp_path, "t.csv", "a,y\n"), "y", "'t.csv' has a header but no rows")


@pytest.mark.parametrize(
    ("text", "line", "fields"),
    [("a,b,y\n1,2,0\n1,2,0,9\n", 3, 4), ("a,b,y\n1,2,0\n\n1,2\n", 4, 2), ("a,b\n1,2,3\n", 2, 3)],
)
def test_ragged_csv(tmp_path: Path, text: str, line: int, fields: int) -> None:
    said = f"'t.csv' has {fields} fields in line {line} where its header has"
    _refused(_write(tmp_path, "t.csv", text), "y", said, "as many fields as the header")


def test_unclosed_quote(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", 'a,y\n1,0\n2,"1\n3,0\n')
    _refused(path, "y", "'t.csv' cannot be read as CSV", "EOF inside string", "mend that line")


def test_repeated_column_names(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", "a,b,a,y\n1,2,3,0\n")
    _refused(path, "y", "'t.csv' has 2 columns called 'a'", "a name of its own")
    frame = pd.DataFrame(np.ones((3, 3)), columns=["a", "a", "y"])
    _refused(frame, "y", "the table has 2 columns called 'a'")


def test_missing_file_directory_suffix_and_name(tmp_path: Path) -> None:
    _refused(str(tmp_path / "no.csv"), "y", "there is no file", "no.csv", "check the path")
    _refused("no.parquet", "y", "there is no file 'no.parquet'")
    _refused(tmp_path, "y", "is a directory", "name a file in it")
    path = _write(tmp_path, "t.xlsx", "a")
    _refused(path, "y", "unknown suffix '.xlsx'", ".csv, .tsv, .parquet or .npz")
    _refused("digts", None, "'digts' is neither a file nor a built-in set", "digits")
    _refused("nonsense", None, "the built-in sets are digits, breast_cancer")


def test_target_must_be_named_and_there(tmp_path: Path) -> None:
    path = _write(tmp_path, "t.csv", "age,Churned\n1,0\n2,1\n")
    _refused(path, None, "'t.csv' needs a target", "--target", "age, Churned")
    _refused(path, "churn", "has no column 'churn'", "nearest names are Churned", "age, Churned")
    _refused(FRAME, None, "the table needs a target", "a, b, y")
    _refused(FRAME[["y"]], "y", "no column beside the target 'y'")
    _refused(FRAME.iloc[:0], "y", "the table has no rows")


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    FRAME.to_parquet(path)
    assert read(path, "y").frame["b"].isna().tolist() == [False, False, True]
    _refused(_write(tmp_path, "no.parquet", "a,b\n1,2\n"), "y", "cannot be read as Parquet")


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=[0, 1, 0], z=[1.0, 2.0, 3.0])
    table = read(path)
    assert (table.target, list(table.frame.columns)) == ("y", ["x0", "x1", "y"])
    assert read(path, "z").frame["z"].tolist() == [1, 2, 3]
    assert list(rows(path).columns) == ["x0", "x1"]
    _refused(path, "w", "holds no array 'w' (it holds X, y, z)", "--target")


def test_npz_that_cannot_be_read(tmp_path: Path) -> None:
    _refused(_write(tmp_path, "a.npz", "hello"), None, "it is no zip archive", "numpy.savez")
    path = tmp_path / "b.npz"
    np.savez(path, X=np.array([[1, "a"]], dtype=object), y=[1])
    _refused(path, None, "it holds pickled objects", "numpy.savez")
    np.savez(path, X=np.ones((50, 2)), y=np.ones(50))
    raw = bytearray(path.read_bytes())
    raw[200] ^= 0xFF
    _refused(_write(tmp_path, "c.npz", bytes(raw)), None, "it is damaged")
    single = io.BytesIO()
    np.save(single, np.ones(3))
    _refused(_write(tmp_path, "d.npz", single.getvalue()), None, "it is no zip archive")


class Tensor:
    """What PyTorch's tensors offer, as far as it is used."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.values


@pytest.mark.parametrize("kind", [np.asarray, Tensor, list, pd.DataFrame])
def test_pairs(kind: Any) -> None:
    values = [[1.0, 2.0], [3.0, 4.0]]
    table = read((kind(values), Tensor([0, 1]) if kind is Tensor else [0, 1]))
    assert table.target == "target"
    assert table.frame["target"].tolist() == [0, 1]
    assert table.frame.iloc[:, :2].to_numpy().tolist() == values
    assert rows(kind(values)).to_numpy().tolist() == values


def test_pair_of_frame_and_series_keeps_names_and_ignores_the_index() -> None:
    y = pd.Series([5, 6, 7], index=[9, 8, 7], name="out")
    table = read((FRAME[["a", "b"]], y))
    assert table.target == "out"
    assert table.frame["out"].tolist() == [5, 6, 7]
    assert read((FRAME[["a"]], y.to_frame())).target == "out"
    assert read((FRAME[["a"]], y), "name").target == "name"
    assert read((FRAME[["a"]], y.rename("a"))).target == "a_"


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ((np.ones((3, 2)), np.ones(4)), "X has 3 rows and y has 4 values"),
        ((np.ones((3, 2, 2)), np.ones(3)), "X has the shape (3, 2, 2); reshape it"),
        ((np.ones((3, 2)), np.ones((3, 2))), "y has the shape (3, 2); give one value"),
        ((np.ones((3, 2)),), "data holds 1 parts; give a pair"),
    ],
)
def test_pairs_that_do_not_fit(pair: Any, said: str) -> None:
    _refused(pair, None, said)


def test_no_table_at_all() -> None:
    _refused(3, None, "data of type int is no table", "give a file")


def test_the_given_frame_is_left_as_it_was() -> None:
    frame = pd.DataFrame({0: [1.0, 2.0], 1: [0, 1]}, index=[5, 6])
    read(frame, "1")
    assert list(frame.columns) == [0, 1]
    assert list(frame.index) == [5, 6]


def test_rows_need_no_target(tmp_path: Path) -> None:
    path = _write(tmp_path, "new.csv", "a,b\n1,x\n")
    assert rows(path).to_dict("list") == {"a": [1], "b": ["x"]}
    assert rows(FRAME).equals(FRAME)
    assert list(rows((FRAME[["a"]], [1, 2, 3])).columns) == ["a"]
