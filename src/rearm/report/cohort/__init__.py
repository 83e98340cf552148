"""A store of many patients for people: who was found, what is in it, its report."""
