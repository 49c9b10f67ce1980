"""Rows below a record, and records that stand under another one."""
