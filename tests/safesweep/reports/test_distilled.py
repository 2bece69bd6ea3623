"""The note about distilled guidance stands under tables of such cells and of no others."""

from rich.console import Console

from safesweep.guidance.cell import Cell
from safesweep.reports.distilled import NOTE, distilled_notes
from safesweep.reports.result_table import result_table
from tests.safesweep.reports.summaries import summary


def test_a_cell_with_an_embedded_scale_has_the_note_and_no_other():
    written = {"guidance": {"method": "none"}, "guidance_scale": 1.0, "solver": "s", "num_inference_steps": 4}
    plain, distilled = (Cell(**written, embedded_guidance=scale).label() for scale in (None, 3.5))
    assert distilled_notes([plain]) == [] and distilled_notes([plain, distilled]) == [NOTE]


def test_the_table_shows_it():
    def shown(cell: str) -> str:
        console = Console(width=200, force_terminal=False, color_system=None)
        with console.capture() as capture:
            console.print(result_table([summary("none", cell)], profile="p", banner=None))
        return " ".join(capture.get().split())

    assert NOTE in shown("g=1 embedded=3.5") and NOTE not in shown("g=1")
