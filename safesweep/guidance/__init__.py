"""How a picture is guided: methods and text edits (one file each), cells, directions and their discovery."""
