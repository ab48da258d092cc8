"""Making a learned scorecard: training set, fit, validation. Nothing here runs when a city is graded."""
