"""The command line: one file for each verb, and the options that they share."""
