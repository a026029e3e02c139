from stack.table import bar, bit_rate, size, table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    text = table(["key", "size"], [["a.mp4", "1.2 MB"], ["longer name.mp4", "9 B"]], right=[1])

    assert text.splitlines() == [
        "key                size",
        "---------------  ------",
        "a.mp4            1.2 MB",
        "longer name.mp4     9 B",
    ]


def test_a_table_without_rows_shows_its_headings() -> None:
    assert table(["key"], []) == "key\n---"


def test_quantities_are_for_reading() -> None:
    assert [size(count) for count in (0, 999, 1000, 1_234_567, 2_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "2.0 GB",
    ]
    assert bit_rate(1_234_567) == "1,235 kb/s"
    assert bit_rate(None) == "-"


def test_a_bar_never_leaves_its_frame() -> None:
    assert bar(50, 4) == "[##..]  50 %"
    assert bar(-3, 4) == "[....]   0 %"
    assert bar(1000, 4) == "[####] 100 %"
