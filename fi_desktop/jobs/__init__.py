"""What must never be lost: the store of jobs, and the service that everybody else talks to."""
