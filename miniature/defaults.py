"""The numbers with which the miniature is run: its preset and its report share them."""

STEPS = 25
"""Denoising steps."""
GUIDANCE_SCALE = 4.0
"""g."""
SOLVER = "DPMSolverMultistepScheduler"
QUERY_STEPS = (3, 5, 7, 9, 12, 16, 20)
"""Steps, counted from 0, at which the dynamic negative asks: dense early, thinning out, as in VL-DNP's reference."""
NEGATIVE_SCALES: dict[str, tuple[float, ...]] = {
    "dynamic_negative": (7.5, 10.0, 15.0, 20.0),
    "static_negative": (4.0, 7.5, 10.0, 15.0),
}
"""Method -> the γ that are tried, ascending."""
