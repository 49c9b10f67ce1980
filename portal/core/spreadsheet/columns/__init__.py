"""Map the columns of sheets to fields."""
