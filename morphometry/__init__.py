"""Measures of the humerus and the glenoid on masks: plain arrays and affines, no files."""
