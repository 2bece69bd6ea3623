"""Learning a gate from a lake: exchanges → examples → network → calibration → what it is worth → a folder."""
