"""Read office workbooks in a separate process and within limits."""
