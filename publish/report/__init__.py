"""What an office opens in the morning: report, workbooks, data package (`creditgrade report`)."""
