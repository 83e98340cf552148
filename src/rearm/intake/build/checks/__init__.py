"""What is told of a record as a whole: each check adds issues and changes nothing."""
