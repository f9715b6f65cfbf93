"""CSV files of any shape into the rooms' tables: which column is what is told by a mapping."""
