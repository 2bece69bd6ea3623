"""plotly figures without colours of ground and text: the page that shows them sets those, light or dark."""

import plotly.graph_objects as go


def bare_figure(x: str, y: str, height: int = 460) -> go.Figure:
    """Return a figure without traces whose axes have these titles; `height` in pixels."""
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(title={"text": x}, zeroline=False, automargin=True)
    figure.update_yaxes(title={"text": y}, zeroline=False, automargin=True)
    return figure
