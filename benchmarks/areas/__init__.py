"""What is measured, by area. Each module gives groups of contenders, or measures by itself what is no call."""
