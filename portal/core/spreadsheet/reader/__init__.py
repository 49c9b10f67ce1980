"""Reading workbooks as offices keep them, in a process of its own and within limits."""
