"""A run as a table, as contact sheets, as a page that people read, and as Markdown for a pull request.

text            numbers and intervals as text
markdown_table  tables and safe text in Markdown
none_cell       the cell that others are compared with
terminal        how tables in a terminal look
result_table    a run in a terminal
sweep_tables    a sweep's choice and held-out numbers in a terminal
bias_tables     deviation ratios in a terminal, and as JSON
choosing        which prompts are shown
sheets/         contact sheets
bias_facts      what scorers of attributes say
facts           every number that the page shows, from measures
settings        what each cell was set to
gallery         some trials with pictures, previews and answers
charts          plotly figures
tables          the page's tables, as plain data
page            the HTML file, from templates/
markdown        the short form
write           both files of a run
"""
