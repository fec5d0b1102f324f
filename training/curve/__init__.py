"""What the event curve is made of; `training.event_curve` is read first."""
