"""What accounts may do: roles, data scopes, temporary grants, separation of duties."""
