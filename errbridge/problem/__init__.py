"""What an error is: `Problem`, its fields, and problem documents of other services, read back."""
