"""The job table: model, columns, operations, delegate, filters and search field."""
