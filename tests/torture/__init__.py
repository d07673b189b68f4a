"""`make torture`: real daemons, logs that are rotated in every way at once, `kill -9`, random histories.

Every line has a number and has to be told once. What was destroyed before anybody could have read it is
excused, and counted; `account` says what that means.
"""
