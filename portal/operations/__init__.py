"""What operators do with a portal as a whole: back it up, restore it, check how it is deployed."""
