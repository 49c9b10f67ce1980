"""The rejected rows in the user's own workbook."""
