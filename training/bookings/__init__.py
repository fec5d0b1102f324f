"""Forecasts of bookings and orders: one set of draws, whatever level and period is asked for."""
