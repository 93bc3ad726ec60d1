"""The table of measurements in README, made from benchmarks/results/latest.json."""

import json
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- bench:start -->", "<!-- bench:end -->"


def section(results: dict[str, Any]) -> str:
    """The text between the markers for these results."""
    machine = results["machine"]
    lines = [
        START,
        f"{machine['cpus']} CPUs, Linux {machine['kernel']}, Python {machine['python']}:",
        "",
        "| what | ours | peer | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    for row in results["rows"]:
        ours, peer = f"{row['ours']:.3g} {row['unit']}", f"{row['peer']:.3g} {row['unit']}"
        lines.append(f"| {row['name']} | {ours} | {peer} ({row['peer_name']}) | **{row['ratio']:.2f}** |")
    return "\n".join([*lines, "", END])


def update(results: Path) -> None:
    """Put the results into README. Raises ValueError where it has no place for them."""
    text = README.read_text()
    before, _, rest = text.partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{README} has no {START} … {END}")
    README.write_text(before + section(json.loads(results.read_text())) + after)
