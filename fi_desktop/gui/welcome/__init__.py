"""What a person is told once, at the first start on a new data folder."""
