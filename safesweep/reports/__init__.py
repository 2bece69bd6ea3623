"""A run as a page that people read, and as Markdown for a pull request.

facts     every number that is shown, from measures
settings  what each cell was set to, and what the run's manifest says
gallery   some trials with pictures, previews and answers
charts    plotly figures
text      numbers and intervals as text
page      the HTML file, from templates/
markdown  the short form
"""
