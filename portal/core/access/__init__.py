"""Row-level access: which rows a user may read and change, and how much of them."""
