"""The rows that were not taken, in the workbook of whoever sent them."""
