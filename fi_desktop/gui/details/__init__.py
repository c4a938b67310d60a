"""What is known of the selected job, in a panel beside the table."""
