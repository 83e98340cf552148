"""The steps by which a database becomes that of this version, from the first table on."""
