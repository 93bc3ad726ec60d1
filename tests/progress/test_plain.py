"""The plain display writes what `buildctl --progress=plain` writes, and writes it at once."""

import io

from runner.progress.events import (
    CacheExported,
    CacheImported,
    CacheSource,
    CacheSummary,
    Event,
    Finished,
    Notice,
)
from runner.progress.plain import PlainReader
from runner.wire import ops
from tests.progress.messages import events, log, ns, response, shown, transfer, vertex, warning, written

LOAD = "[internal] load build definition from Dockerfile"


def test_a_build_as_buildctl_shows_it() -> None:
    """The messages of a real build (times rounded); the text is buildctl's for the same."""
    url = "https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/"
    text = shown(
        PlainReader,
        vertex(LOAD),
        vertex(LOAD, 1, 1.00002),
        vertex(LOAD, 1.0001),
        transfer(LOAD, "transferring dockerfile:", 1.001, action="transferring"),
        transfer(LOAD, "transferring dockerfile:", 1.002, 30, action="transferring"),
        transfer(LOAD, "transferring dockerfile:", 1.003, 416, action="transferring", completed=1.003),
        vertex(LOAD, 1.0001, 1.005),
        warning(LOAD, "ConsistentInstructionCasing: 'from' (line 8)", line=8, url=url),
        response(vertex("[2/2] RUN make", inputs=["[1/2] COPY . /"]), vertex("[1/2] COPY . /")),
        vertex("[1/2] COPY . /", 2, 2, cached=True),
        vertex("[2/2] RUN make", 2),
        log("[2/2] RUN make", 2.0612, b"cc -c a.c\ncc -c b.c\n"),
        log("[2/2] RUN make", 13, b"ld\n"),
        log("[2/2] RUN make", 105.5, b"no newline"),
        vertex("[2/2] RUN make", 2, 106.04),
        response(vertex("exporting to image", 107), transfer("exporting to image", "exporting layers", 107)),
        transfer("exporting to image", "exporting layers", 107.5, started=107, completed=107.5),
        vertex("exporting to image", 107, 108),
    )
    assert text == (
        f"#1 {LOAD}\n"
        "#1 transferring dockerfile: 416B done\n"
        "#1 WARN: ConsistentInstructionCasing: 'from' (line 8)\n"
        "#1 DONE 0.0s\n"
        "\n"
        "#2 [1/2] COPY . /\n"
        "#2 CACHED\n"
        "\n"
        "#3 [2/2] RUN make\n"
        "#3 0.061 cc -c a.c\n"
        "#3 0.061 cc -c b.c\n"
        "#3 11.00 ld\n"
        "#3 103.5 no newline\n"
        "#3 DONE 104.0s\n"
        "\n"
        "#4 exporting to image\n"
        "#4 exporting layers 106.0s\n"
        "#4 exporting layers 0.5s done\n"
        "#4 DONE 1.0s\n"
        "\n"
        " 1 warning found:\n"
        " - ConsistentInstructionCasing: 'from' (line 8)\n"
        f"   {url}\n"
    )


def lines(*sent: object) -> list[str]:
    return shown(PlainReader, *sent).splitlines()  # type: ignore[arg-type]


def test_errors_and_cancelled_steps() -> None:
    process = 'process "/bin/sh -c exit 3" did not complete successfully: exit code: 3'
    assert lines(
        vertex("a", 1),
        vertex("b", 1),
        vertex("b", 1, 2, error=process),
        vertex("a", 1, 2, error=f"{process}: context canceled"),
    ) == ["#1 a", "#1 ...", "", "#2 b", f"#2 ERROR: {process}", "", "#1 a", "#1 CANCELED"]


def test_every_line_is_written_when_it_arrives() -> None:
    out = io.BytesIO()
    reader = PlainReader(out)
    for event in events(vertex("a", 1), vertex("b", 1), log("a", 1.1, b"a\n")):
        reader.event(event)
    assert out.getvalue() == b"#1 a\n#1 0.100 a\n"
    for event in events(vertex("b", 1), log("b", 1.2, b"b"))[2:]:
        reader.event(event)
    assert out.getvalue().endswith(b"#2 b\n#2 0.200 b")  # not even the end of the line is waited for


def test_steps_that_write_side_by_side_take_turns() -> None:
    """Within five seconds of its header a step writes without another one."""
    assert lines(
        vertex("a", 1),
        log("a", 1.1, b"a1\n"),
        vertex("b", 1),
        log("b", 1.2, b"b1\n"),
        log("a", 1.3, b"a2\n"),
        log("b", 1.4, b"b2\n"),
        log("a", 7, b"a3\n"),
        vertex("b", 1, 7.1),
    ) == [
        "#1 a",
        "#1 0.100 a1",
        "#1 ...",
        "",
        "#2 b",
        "#2 0.200 b1",
        "#1 0.300 a2",
        "#2 0.400 b2",
        "#2 ...",
        "",
        "#1 a",
        "#1 6.000 a3",
        "#1 ...",
        "",
        "#2 b",
        "#2 DONE 6.1s",
    ]


def test_when_a_step_ends_another_that_runs_unseen_is_shown() -> None:
    assert lines(vertex("a", 1), vertex("b", 1), vertex("a", 1, 2)) == ["#1 a", "#1 DONE 1.0s", "", "#2 b"]


def test_an_unfinished_line_is_continued_only_by_its_own_stream() -> None:
    assert lines(
        vertex("a", 1),
        log("a", 1.1, b"Downloading"),
        log("a", 1.2, b"..."),
        log("a", 1.3, b" done\nnext "),
        log("a", 1.4, b"oops\n", stream=2),
        log("a", 1.5, b"end"),
        vertex("a", 1, 2),
    ) == [
        "#1 a",
        "#1 0.100 Downloading... done",
        "#1 0.300 next ",
        "#1 0.400 oops",
        "#1 0.500 end",
        "#1 DONE 1.0s",
    ]


def test_carriage_returns_end_lines() -> None:
    assert lines(
        vertex("a", 1),
        log("a", 1.1, b"\r 10%\r 20%"),
        log("a", 1.2, b"\r100%\r\n"),
        log("a", 1.3, b"dos\r\n\r\nblank above\r"),
        log("a", 1.4, b"\nunix\n\n"),
        vertex("a", 1, 2),
    ) == [
        "#1 a",
        "#1 0.100  10%",
        "#1 0.100  20%",
        "#1 0.200 100%",
        "#1 0.300 dos",
        "#1 0.300 ",
        "#1 0.300 blank above",
        "#1 0.400 unix",
        "#1 0.400 ",
        "#1 DONE 1.0s",
    ]


def test_bytes_pass_as_they_are() -> None:
    out = io.BytesIO()
    reader = PlainReader(out)
    for event in events(vertex("a", 1), log("a", 1.1, b"caf\xe9\n")):
        reader.event(event)
    assert out.getvalue() == b"#1 a\n#1 0.100 caf\xe9\n"


def test_transfers_are_shown_at_buildctls_pace() -> None:
    """After 5 % or 5 s; the first line of one that counts bytes after 0.1 s."""
    layer = "sha256:abc"
    assert lines(
        vertex("a", 1),
        transfer("a", layer, 1, 0, 200_000_000),
        transfer("a", layer, 1.2, 1_048_576, 200_000_000),
        transfer("a", layer, 1.4, 5_000_000, 200_000_000),
        transfer("a", layer, 1.6, 20_000_000, 200_000_000),
        transfer("a", layer, 6.7, 20_000_001, 200_000_000),
        transfer("a", layer, 8, 200_000_000, 200_000_000, completed=8),
        transfer("a", layer, 8.1, 200_000_000, 200_000_000, completed=8),
    ) == [
        "#1 a",
        "#1 sha256:abc 1.05MB / 200.00MB 0.2s",
        "#1 sha256:abc 20.00MB / 200.00MB 0.6s",
        "#1 sha256:abc 20.00MB / 200.00MB 5.7s",
        "#1 sha256:abc 200.00MB / 200.00MB 7.0s done",
    ]


def test_sizes_have_decimal_units() -> None:
    sizes = (0, 999, 1000, 1_980_000, 3_500_000_000, 10**18)
    sent = [transfer("a", f"t{size}", 1, size, size, completed=1) for size in sizes]
    assert [line.split(" / ")[1] for line in lines(vertex("a", 1), *sent) if " / " in line] == [
        "999B done",
        "1.00kB done",
        "1.98MB done",
        "3.50GB done",
        "1.00EB done",
    ]


def test_the_vertices_of_a_group_are_one_step() -> None:
    group = ops.ProgressGroup(id="g", name="COPY --link a b")
    assert lines(
        response(vertex("x", group=group), vertex("y", group=group)),
        vertex("x", 1, 1, cached=True, group=group),
        vertex("y", 1.5, group=group),
        log("y", 1.6, b"copying\n"),
        vertex("y", 1.5, 3.5, group=group),
    ) == ["#1 COPY --link a b", "#1 0.100 copying", "#1 DONE 2.0s"]


def test_a_group_is_cached_when_all_of_it_is() -> None:
    group = ops.ProgressGroup(id="g", name="COPY --link")
    assert lines(
        response(vertex("x", group=group), vertex("y", group=group)),
        response(
            vertex("x", 1, 1, cached=True, group=group),
            vertex("y", 1, 1, cached=True, group=group),
        ),
    ) == ["#1 COPY --link", "#1 CACHED"]


def test_a_group_of_weak_vertices_is_shown_only_when_it_fails() -> None:
    weak = ops.ProgressGroup(id="g", name="merge", weak=True)
    assert lines(vertex("x", 1, group=weak), log("x", 1, b"x\n"), vertex("x", 1, 2, group=weak)) == []
    assert lines(vertex("x", 1, group=weak), vertex("x", 1, 2, error="no", group=weak)) == [
        "#1 merge",
        "#1 ERROR: no",
    ]


def test_times_side_by_side_count_once() -> None:
    group = ops.ProgressGroup(id="g", name="G")
    text = lines(
        response(vertex("x", 1, group=group), vertex("y", 2, group=group)),
        response(vertex("x", 1, 3, group=group), vertex("y", 2, 5, group=group)),
    )
    assert text[-1] == "#1 DONE 4.0s"


def test_what_a_step_writes_after_its_end_is_not_lost() -> None:
    assert lines(vertex("a", 1), vertex("a", 1, 2), log("a", 2.5, b"late"), vertex("b", 3)) == [
        "#1 a",
        "#1 DONE 1.0s",
        "",
        "#1 a",
        "#1 1.500 late",
        "",
        "#2 b",
    ]


def test_what_belongs_to_no_known_step_is_left_out() -> None:
    assert lines(log("?", 1, b"x\n"), transfer("?", "t", 1), vertex("a", 1)) == ["#1 a"]


def test_the_same_warning_of_two_platforms_is_listed_once() -> None:
    sent = (vertex("a", 1, 2), warning("a", "one"), warning("a", "one"), warning("a", "two"))
    assert lines(*sent)[-3:] == [" 2 warnings found:", " - one", " - two"]


def test_a_notice_of_the_runner_stands_between_the_lines() -> None:
    stream: list[Event] = [*events(vertex("a", 1), log("a", 1.1, b"half")), Notice(0, "unpack has no effect")]
    assert written(PlainReader, stream) == "#1 a\n#1 0.100 half\nnote: unpack has no effect\n"


def test_the_last_line_tells_what_the_cache_did() -> None:
    steps = events(vertex("a", 1, 2))
    end = CacheSummary(ns(2), 17, 14, 3, 0, ("h.io/a:main", "/dir"))
    stream: list[Event] = [
        *steps,
        CacheImported(ns(2), "h.io/a:main", True, "", 0.1),
        end,
        Finished(ns(2), ""),
    ]
    assert written(PlainReader, stream).splitlines() == [
        "#1 a",
        "#1 DONE 1.0s",
        "cache: 14 of 17 steps cached; imported h.io/a:main, /dir",
    ]
    saved = end._replace(imported=("h.io/a:main",), sources=(CacheSource("h.io/a:main", 14, 41.4),))
    current = CacheExported(ns(2), "registry", "h.io/a:main", "", 0.0, current=True)
    assert written(PlainReader, [current, saved]) == (
        "cache: 14 of 17 steps cached, 41 s saved; imported h.io/a:main; h.io/a:main is up to date\n"
    )
    sent = current._replace(current=False, blobs=3, bytes=2_500_000, blobs_there=2, bytes_there=2_000_000)
    unknown = CacheExported(ns(2), "inline", "", "", 0.1)
    few = saved._replace(imported=(), sources=(CacheSource("x", 1, 1.26), CacheSource("y", 1)))
    assert written(PlainReader, [sent, unknown, few]) == (
        "cache: 14 of 17 steps cached, 1.3 s saved; exported h.io/a:main (500.00kB of 2.50MB new)\n"
    )
    alone = CacheSummary(ns(2), 3, 0, 3, 0)
    assert written(PlainReader, [alone]) == "cache: 0 of 3 steps cached\n"
    assert written(PlainReader, [alone._replace(steps=0, imported=("x",))]) == ""


def test_colours_only_where_they_are_asked_for() -> None:
    sent = (
        vertex("a", 1, 2),
        vertex("b", 2, 2, cached=True),
        warning("b", "w"),
        vertex("c", 2, 3, error="no"),
    )
    assert "\x1b" not in shown(PlainReader, *sent)
    text = shown(PlainReader, *sent, color=True)
    assert "\x1b[31mERROR: no\x1b[0m" in text
    assert "\x1b[32mCACHED\x1b[0m" in text
    assert text.count("\x1b[0m") == 5
