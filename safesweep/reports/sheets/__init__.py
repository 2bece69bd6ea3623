"""Contact sheets: some of a run's pictures side by side, with what the VLM saw on the way and what the profile says.

trials     what a sheet shows, read from the lake
style      colours and distances
lettering  text in pixels
tiles      one square: a picture, blurred or not, or words in its place
draw       one sheet
write      a sheet a method, as PNG
"""
